return reference {
    clause = "RFC6311-4-01",
    title = "After a synchronization, too, the window holds",
    wrong = "a second request although the first is unanswered",
    play = function(t, violating)
        local cluster = t:cluster()
        local sa = cluster:accept()
        cluster:fail_over()
        t:watch(sa:synchronize {})
        local next_send = t.gateway:sa().next_send
        t.gateway:operate("liveness")
        if violating then
            t.gateway:send {message_id = next_send + 1}
        end
        t:elapse(0.1)
    end,
}
