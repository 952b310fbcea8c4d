return reference {
    clause = "RFC6311-6.4-01",
    title = "A delta of the wrong size is not applied",
    wrong = "a delta of 8 octets moves the counter of an SA without ESN",
    play = function(t)
        local cluster = t:cluster()
        local sa = cluster:accept()
        sa:traffic(1)
        cluster:synch_counters()
        cluster:fail_over()
        t:watch(sa:synchronize {delta = 1234567, delta_size = 8})
        sa:ping {sequence = 2}
        t:elapse(0.1)
    end,
    violate = function(t)
        t.gateway:defect("delta-of-wrong-size")
    end,
}
