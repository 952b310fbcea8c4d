return reference {
    clause = "RFC6311-4-01",
    title = "After a synchronization, too, the window holds",
    wrong = "a second request although the first is unanswered",
    play = function(t, violating)
        local cluster = t:cluster()
        local sa = cluster:accept()
        cluster:fail_over()
        t:watch(sa:synchronize {})
        cluster:tamper {exchange = "INFORMATIONAL", response = true, delay = 0.1,
                        text = "our answers are late"}
        local next_send = t.gateway:sa().next_send
        t.gateway:operate("liveness")
        t:elapse(violating and 0.05 or 0.3)
        t.gateway:send {message_id = next_send + 1}
        t:elapse(0.2)
    end,
}
