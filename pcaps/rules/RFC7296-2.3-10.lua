return reference {
    clause = "RFC7296-2.3-10",
    title = "Within the window requests are answered in any order",
    wrong = "a request is not answered because the one before is missing",
    verdict = "warning",
    play = function(t)
        local sa = t:peer {gateway = {window = 4}}:accept()
        local request = sa:send {message_id = sa.sent.next + 1,
                                 text = "a request, the one before is missing"}
        for _ = 1, 5 do
            t:elapse(1.2)
            sa:replay(request)
        end
        t:elapse(1.2)
        t.gateway:operate("liveness")
        t:elapse(0.2)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "INFORMATIONAL", response = true, drop = true,
                          repeats = true}
    end,
}
