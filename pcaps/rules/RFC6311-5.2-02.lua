return reference {
    clause = "RFC6311-5.2-02",
    title = "After a very large jump the Child SA is rekeyed",
    wrong = "a minute later it is still in use",
    gateway = "cluster",
    record = true,
    play = function(t)
        local cluster = t:peer {gateway = {members = 2, jump = 1 << 30,
                                           retransmit_tries = 12}}
        local sa = cluster:accept()
        sa:ping()
        t:elapse(0.1)
        t.gateway:fail("crash")
        t:elapse(0.5)
        sa:ping {sequence = 2}
        t:elapse(65)
        sa:ping {sequence = 3}
        t:elapse(0.1)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = false,
                          drop = true, repeats = true}
    end,
}
