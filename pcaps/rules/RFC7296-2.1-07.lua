return reference {
    clause = "RFC7296-2.1-07",
    title = "A request that is not answered is sent again",
    wrong = "it is sent once",
    play = function(t)
        local cluster = t:peer {gateway = {retransmit_tries = 12}}
        local sa = cluster:accept()
        cluster:tamper {exchange = "INFORMATIONAL", response = true, drop = true,
                        limit = 1, text = "our answer is lost"}
        t.gateway:operate("liveness")
        t:elapse(62)
        sa:request_liveness(1)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "INFORMATIONAL", response = false,
                          drop = true, skip = 1, repeats = true}
    end,
}
