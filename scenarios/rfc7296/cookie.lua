return scenario {
    id = "rfc7296/cookie",
    title = "The initiator returns a cookie and repeats its request",
    purpose = [[A responder under load demands a cookie. The initiator has to send it
first in the repeated IKE_SA_INIT and change nothing else.]],
    clauses = { "RFC7296-2.6-05", "RFC7296-2.2-02" },
    run = function(t)
        local cluster = t:cluster { cookie = true }
        local sa = cluster:accept()
        sa:request_liveness(1)
    end,
}
