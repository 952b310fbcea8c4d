return reference {
    clause = "RFC7296-2.1-09",
    title = "A retransmission has the same octets",
    wrong = "the request is sealed again",
    record = true,
    play = function(t)
        local cluster = t:peer()
        local sa = cluster:accept()
        cluster:tamper {exchange = "INFORMATIONAL", response = true, drop = true,
                        limit = 1, text = "our answer is lost"}
        t.gateway:liveness()
        t:elapse(3)
    end,
    violate = function(t)
        t.gateway:defect("retransmits-resealed")
    end,
}
