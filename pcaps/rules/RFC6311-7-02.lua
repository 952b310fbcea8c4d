return reference {
    clause = "RFC6311-7-02",
    title = "An IKE SA is synchronized once in a failover",
    wrong = "a second synchronization follows the one that was answered",
    gateway = "cluster",
    record = true,
    play = function(t, violating)
        local sa = t:peer {gateway = {members = 2}}:accept()
        t.gateway:fail("crash")
        t:elapse(0.3)
        if violating then
            t.gateway:send {message_id = 0,
                payloads = {sync_notify("abcd", 20, sa.sent.next)}}
            t:elapse(0.2)
        end
    end,
}
