return reference {
    clause = "RFC6311-5.1-06",
    title = "M2 is M1 or more",
    wrong = "M2 is one less than M1",
    play = function(t)
        local cluster = t:cluster()
        local sa = cluster:accept()
        cluster:fail_over()
        t:watch(sa:synchronize {})
    end,
    violate = function(t)
        t.gateway:defect("m2-one-too-low")
    end,
}
