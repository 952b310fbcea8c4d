return reference {
    clause = "RFC7296-2.11-01",
    title = "A response goes where its request came from",
    wrong = "it goes to another port",
    play = function(t)
        local sa = t:peer():accept()
        sa:start_liveness()
        t:elapse(0.2)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "INFORMATIONAL", response = true, limit = 1,
            after_seal = function(octets, info)
                info.destination_port = 4511
            end}
    end,
}
