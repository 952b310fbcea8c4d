return reference {
    clause = "RFC6311-5-04",
    title = "A valid synchronization request is answered",
    wrong = "no answer to any copy, though the peer lives and sends requests",
    play = function(t)
        local cluster = t:cluster()
        local sa = cluster:accept()
        cluster:fail_over()
        t:watch(sa:synchronize {}, 4)
        t.gateway:liveness()
        t:elapse(0.1)
    end,
    violate = function(t)
        t.gateway:defect("ignores-sync")
    end,
}
