return reference {
    clause = "RFC6311-5.2-04",
    title = "The outgoing replay counters are incremented by the delta",
    wrong = "ESP goes on with the next number",
    play = function(t)
        local cluster = t:cluster()
        local sa = cluster:accept()
        sa:traffic(1)
        cluster:synch_counters()
        cluster:fail_over()
        t:watch(sa:synchronize {delta = 100000})
        t:elapse(0.3)
        for i = 2, 3 do
            sa:ping {sequence = i}
            t:elapse(0.3)
        end
    end,
    violate = function(t)
        t.gateway:defect("ignores-delta")
    end,
}
