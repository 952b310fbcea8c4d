local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6311/cluster-failover-before-answer",
    title = "A second failover before the first synchronization is answered",
    purpose = [[The peer's answer to member 2 is lost, and member 2 fails as well. Member 3
must not send the same M1 again, which the peer has seen and drops: it has to choose a
higher one, and the IKE SA lives.]],
    clauses = { "RFC6311-2-01", "RFC6311-5.1-04", "RFC6311-5.1-01" },
    gateway = "cluster",
    needs = { "message_id_sync", "eager_sync" },
    run = function(t)
        local peer = t:peer { gateway = { members = 3 } }
        local sa = peer:accept()
        sa:request_liveness(2)
        local lost = peer:tamper { exchange = gateway.INFORMATIONAL,
            message_id = 0, response = true, drop = true,
            text = "the answer to the synchronization is lost" }
        gateway.fail_over(t, sa, "crash")
        lost:remove()
        gateway.fail_over(t, sa, "crash", { clauses = { "RFC6311-2-01" },
            text = "member 3 synchronizes, too" })
        gateway.life_goes_on(t, sa, { "RFC6311-2-01" })
    end,
}
