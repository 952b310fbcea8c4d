local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6311/cluster-simultaneous",
    title = "Clusters at both ends fail over at the same moment",
    purpose = [[Both synchronization requests cross on the wire. Each side has to answer the
other's, and both end at the higher values (RFC 6311 A.4). A side that waits for its own
answer first loses the IKE SA.]],
    clauses = { "RFC6311-A-02", "RFC6311-2-01" },
    gateway = "cluster",
    needs = { "message_id_sync", "eager_sync" },
    run = function(t)
        local cluster = t:cluster { members = 2 }
        local sa = cluster:accept()
        sa:request_liveness(3)
        t.gateway:liveness()
        t:elapse(0.1)
        cluster:fail_over()
        local since = t:now()
        t.gateway:fail("crash")
        local ours = sa:synchronize { m1 = sa.sent.next + 10 }
        t:expect_answer(ours)
        t:elapse(2)
        gateway.expect_sync(t, sa, since, { clauses = { "RFC6311-A-02" },
            text = "the gateway's own is sent" })
        gateway.life_goes_on(t, sa, { "RFC6311-A-02" })
    end,
}
