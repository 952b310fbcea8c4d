return reference {
    clause = "RFC7296-2.3-05",
    title = "Requests are answered while an answer is waited for",
    wrong = "the gateway waits, and answers no request",
    play = function(t)
        local cluster = t:peer()
        local sa = cluster:accept()
        cluster:tamper {exchange = "INFORMATIONAL", response = true, drop = true,
                        limit = 10, text = "our answer is lost"}
        t.gateway:operate("liveness")
        t:elapse(0.3)
        local request = sa:send {text = "a request of the script's own"}
        for _ = 1, 5 do
            t:elapse(1.2)
            sa:replay(request)
        end
        t:elapse(12)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "INFORMATIONAL", response = true, drop = true,
                          repeats = true}
    end,
}
