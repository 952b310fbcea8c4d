return reference {
    clause = "RFC6311-5.2-01",
    title = "After a failover ESP numbers are beyond those of the failed member",
    wrong = "the new member's first number is below",
    gateway = "cluster",
    record = true,
    play = function(t, violating)
        local cluster = t:peer {gateway = {members = 2,
                                           jump = violating and 1 or 100000}}
        local sa = cluster:accept()
        sa:ping()
        t:elapse(0.1)
        t.gateway:ping {number = 50}
        t:elapse(0.1)
        t.gateway:fail("crash")
        t:elapse(0.3)
        sa:ping {sequence = 2}
        t:elapse(0.1)
    end,
}
