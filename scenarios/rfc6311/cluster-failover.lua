local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6311/cluster-failover",
    title = "A cluster fails over, synchronizes, and life goes on",
    purpose = [[The case that everything else is a deviation from, with the cluster
under test: the standby takes over, tells its Message IDs and asks for the replay
counters to be raised, and requests and traffic flow in both directions as before.
A cluster that fails here loses its users' tunnels with every failover.]],
    clauses = { "RFC6311-5-07", "RFC6311-5.1-01", "RFC6311-5.1-03",
                "RFC6311-5.1-10", "RFC6311-5.1-11", "RFC6311-5.2-01",
                "RFC6311-6.3-01", "RFC6311-6.3-02", "RFC6311-6.3-03",
                "RFC6311-6.4-01", "RFC6311-10-01" },
    gateway = "cluster",
    needs = { "message_id_sync", "replay_counter_sync" },
    run = function(t)
        local sa = t:peer {}:accept()
        sa:traffic(3)
        sa:request_liveness(3)
        t.gateway:liveness()
        t:elapse(0.1)
        local next = sa.received.next
        local since = gateway.fail_over(t, sa, "crash")
        t:expect_no_request({ sa = sa, exchange = gateway.INFORMATIONAL,
            message_id = next, notify = gateway.COUNTERS, since = since },
            { clauses = { "RFC6311-5-07" },
              text = "the replay counters are not asked for beside it" })
        gateway.life_goes_on(t, sa)
        sa:rekey_child()
        gateway.life_goes_on(t, sa)
    end,
}
