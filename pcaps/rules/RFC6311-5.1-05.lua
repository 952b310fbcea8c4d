return reference {
    clause = "RFC6311-5.1-05",
    title = "A synchronization request with a used M1 is dropped",
    wrong = "it is answered",
    play = function(t)
        local cluster = t:cluster()
        local sa = cluster:accept()
        sa:request_liveness(2)
        cluster:fail_over()
        t:watch(sa:synchronize {m1 = sa.sent.highest})
    end,
    violate = function(t)
        t.gateway:defect("answers-stale-m1")
    end,
}
