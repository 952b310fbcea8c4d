return reference {
    clause = "RFC6311-3.4-01",
    title = "A member that takes over repeats no IV",
    wrong = "it sends an ESP packet with an IV of the failed member",
    gateway = "cluster",
    record = true,
    also = {"RFC4106-3.1-02"},
    play = function(t, violating)
        local cluster = t:peer {gateway = {members = 2}}
        local sa = cluster:accept()
        local iv
        t.gateway:tamper {esp = true, drop = true, when = function(packet)
            iv = iv or string.unpack(">I8", packet.octets, 9)
            return false
        end}
        sa:ping()
        t:elapse(0.1)
        t.gateway:fail("crash")
        t:elapse(0.3)
        t.gateway:ping {iv = violating and iv or nil}
        t:elapse(0.1)
    end,
}
