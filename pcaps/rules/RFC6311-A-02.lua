return reference {
    clause = "RFC6311-A-02",
    title = "Two clusters that fail over at once agree on the higher values",
    wrong = "the next request is below what both have agreed on",
    gateway = "cluster",
    record = true,
    play = function(t, violating)
        local cluster = t:cluster {gateway = {members = 2, takeover = "by-hand"}}
        local sa = cluster:accept()
        sa:request_liveness(1)
        t.gateway:operate("liveness")
        t:elapse(0.2)
        cluster:fail_over()
        t.gateway:fail("crash")
        t:elapse(0.5)
        t.gateway:synchronize()
        t:watch(sa:synchronize {p1 = 8})
        t:elapse(0.5)
        if violating then
            t.gateway:send {message_id = t.gateway:sa().next_send - 1}
        else
            t.gateway:operate("liveness")
        end
        t:elapse(0.2)
    end,
}
