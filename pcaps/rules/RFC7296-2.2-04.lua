return reference {
    clause = "RFC7296-2.2-04",
    title = "Message IDs do not begin again",
    wrong = "after 4294967295 a request with Message ID 0 follows",
    play = function(t, violating)
        local cluster = t:cluster()
        local sa = cluster:accept()
        cluster:fail_over()
        t:watch(sa:synchronize {p1 = 0xfffffffe})
        t.gateway:operate("liveness")
        t:elapse(0.2)
        if violating then
            t.gateway:send {message_id = 0xffffffff}
            t:elapse(0.2)
            t.gateway:send {message_id = 0}
        else
            t.gateway:operate("liveness")
        end
        t:elapse(0.2)
    end,
}
