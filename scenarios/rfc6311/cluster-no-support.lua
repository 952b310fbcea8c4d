local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6311/cluster-no-support",
    title = "Towards a peer without support a cluster falls back to IKEv2",
    purpose = [[The peer asserts neither 16420 nor 16421: after the failover nothing of
RFC 6311 may be sent, and with Message IDs that were shared in time the IKE SA goes
on. A peer that gets a request of Message ID 0 which it does not know drops it, and
the cluster retransmits until it gives the IKE SA up.]],
    clauses = { "RFC6311-5-08", "RFC6311-5-02", "RFC6311-5.2-01" },
    gateway = "cluster",
    run = function(t)
        local sa = t:peer { message_id_sync = false,
                            replay_counter_sync = false }:accept()
        sa:request_liveness(2)
        sa:traffic(2)
        local since = t:now()
        t.gateway:fail("crash")
        gateway.expect_no_sync(t, sa, since, { clauses = { "RFC6311-5-08" },
            text = "no synchronization towards a peer without support" })
        gateway.life_goes_on(t, sa)
    end,
}
