return reference {
    clause = "RFC6311-5-06",
    title = "16423 alone meets an empty response",
    wrong = "the response holds a 16422",
    play = function(t)
        local cluster = t:cluster()
        local sa = cluster:accept()
        sa:request_liveness(1)
        sa:request {exchange = "INFORMATIONAL", payloads = {counter_notify(1000)}}
        t:elapse(0.1)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "INFORMATIONAL", response = true,
            message_id = 1, before_seal = function(m)
                m.payloads = {sync_notify("abcd", 3, 3)}
                return m
            end}
    end,
}
