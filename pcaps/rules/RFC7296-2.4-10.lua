return reference {
    clause = "RFC7296-2.4-10",
    title = "The gaps between retransmissions grow",
    wrong = "a retransmission every half second",
    play = function(t)
        local cluster = t:peer {gateway = {retransmit_tries = 7,
                                           retransmit_timeout = 0.5}}
        cluster:accept()
        cluster:tamper {exchange = "INFORMATIONAL", response = true, drop = true,
                        limit = 6, text = "our answers are lost"}
        t.gateway:liveness()
        t:elapse(40)
    end,
    violate = function(t)
        t.gateway:defect("retransmits-constantly")
    end,
}
