return reference {
    clause = "RFC6311-5-07",
    title = "A sync of Message IDs and one of replay counters are one message",
    wrong = "16423 in a request of its own, the one with 16422 is unanswered",
    gateway = "cluster",
    play = function(t, violating)
        local cluster = t:peer {gateway = {members = 2, takeover = "by-hand"}}
        cluster:accept()
        cluster:tamper {exchange = "INFORMATIONAL", response = true, delay = 0.4,
                        limit = 1, text = "our answer is late"}
        t.gateway:fail("crash")
        t:elapse(0.5)
        if violating then
            t.gateway:synchronize()
            t:elapse(0.2)
            t.gateway:send {message_id = 2, payloads = {counter_notify(1000)}}
        else
            t.gateway:synchronize {delta = 1000, delta_size = 4}
        end
        t:elapse(0.5)
    end,
}
