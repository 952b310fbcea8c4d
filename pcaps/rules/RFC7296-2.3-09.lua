return reference {
    clause = "RFC7296-2.3-09",
    title = "As many responses are kept as the window holds",
    wrong = "with a window of 4 a repeated request brings nothing",
    play = function(t)
        local sa = t:peer {gateway = {window = 4}}:accept()
        local request = sa:request_liveness(1)
        sa:request_liveness(1)
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
                          skip = 2, repeats = true}
    end,
}
