return reference {
    clause = "RFC6311-6.4-02",
    title = "16423 comes from the cluster, in requests only",
    wrong = "16423 in the peer's response",
    also = {"RFC6311-5.1-10"},
    play = function(t)
        local cluster = t:cluster()
        local sa = cluster:accept()
        cluster:fail_over()
        t:watch(sa:synchronize {delta = 1000})
    end,
    violate = function(t)
        t.gateway:defect("sends-replay-counter-sync")
    end,
}
