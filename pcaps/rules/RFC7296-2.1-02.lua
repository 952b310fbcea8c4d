return reference {
    clause = "RFC7296-2.1-02",
    title = "A repeated request brings the same response again",
    wrong = "the second response has other octets",
    record = true,
    play = function(t)
        local sa = t:peer():accept()
        local request = sa:request_liveness(1)
        t:elapse(0.5)
        sa:replay(request)
        t:elapse(0.5)
    end,
    violate = function(t)
        t.gateway:defect("response-resealed")
    end,
}
