return reference {
    clause = "RFC6311-9-03",
    title = "What was missing before a synchronization is dropped after it",
    wrong = "the request that was missing is answered",
    play = function(t, violating)
        local cluster = t:cluster {gateway = {window = 4}}
        local sa = cluster:accept()
        local missing = sa.sent.next
        sa:send {message_id = missing + 1, text = "the request before is missing"}
        t:elapse(0.1)
        cluster:fail_over()
        t:watch(sa:synchronize {m1 = missing + 2})
        t:elapse(0.3)
        sa:send {message_id = missing, text = "the one that was missing"}
        t:elapse(0.1)
        if violating then
            t.gateway:send {response = true, message_id = missing}
        end
        t:elapse(0.2)
    end,
}
