return reference {
    clause = "RFC6311-6.3-02",
    title = "The next request carries the EXPECTED_SEND that was announced",
    wrong = "it carries the Message ID from before the synchronization",
    play = function(t)
        local cluster = t:cluster()
        local sa = cluster:accept()
        cluster:fail_over()
        t:watch(sa:synchronize {p1 = sa.received.next + 10})
        t:elapse(0.5)
        t.gateway:liveness()
        t:elapse(0.1)
    end,
    violate = function(t)
        t.gateway:defect("keeps-old-send-counter")
    end,
}
