return reference {
    clause = "RFC6311-3.4-51",
    title = "In a cluster, too, IVs of counter modes are used once",
    wrong = "two ESP packets of one member share an IV",
    gateway = "cluster",
    record = true,
    also = {"RFC4106-3.1-02"},
    play = function(t, violating)
        local cluster = t:peer {gateway = {members = 2}}
        cluster:accept()
        t.gateway:fail("crash")
        t:elapse(0.3)
        t.gateway:ping {iv = 77}
        t.gateway:ping {iv = violating and 77 or 78}
        t:elapse(0.1)
    end,
}
