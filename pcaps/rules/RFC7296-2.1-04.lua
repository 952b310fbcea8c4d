return reference {
    clause = "RFC7296-2.1-04",
    title = "The response comes again when its request does",
    wrong = "five repeated requests bring nothing",
    play = function(t)
        local sa = t:peer():accept()
        local request = sa:request_liveness(1)
        for _ = 1, 6 do
            t:elapse(1.2)
            sa:replay(request)
        end
        t:elapse(1.2)
        t.gateway:operate("liveness")
        t:elapse(0.2)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "INFORMATIONAL", response = true, drop = true,
                          skip = 1, repeats = true}
    end,
}
