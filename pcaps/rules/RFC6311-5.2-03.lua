return reference {
    clause = "RFC6311-5.2-03",
    title = "A synchronization that is dropped moves no replay counter",
    wrong = "the next ESP packet is beyond the delta of a request with a used M1",
    play = function(t)
        local cluster = t:cluster()
        local sa = cluster:accept()
        sa:request_liveness(2)
        sa:traffic(1)
        cluster:synch_counters()
        cluster:fail_over()
        t:watch(sa:synchronize {m1 = sa.sent.highest, delta = 1234567})
        sa:ping {sequence = 2}
        t:elapse(0.1)
    end,
    violate = function(t)
        t.gateway:defect("delta-although-stale")
    end,
}
