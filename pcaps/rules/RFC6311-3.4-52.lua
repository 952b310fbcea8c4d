return reference {
    clause = "RFC6311-3.4-52",
    title = "Two members that both send on one Child SA share no IV",
    wrong = "in a split brain both use one IV",
    gateway = "cluster",
    record = true,
    also = {"RFC4106-3.1-02"},
    play = function(t, violating)
        local sa = t:peer {gateway = {members = 2}}:accept()
        sa:ping()
        t:elapse(0.1)
        t.gateway:fail("split")
        t:elapse(0.3)
        t.gateway:ping {iv = 77}
        t.gateway:ping {iv = violating and 77 or 78}
        t:elapse(0.1)
    end,
}
