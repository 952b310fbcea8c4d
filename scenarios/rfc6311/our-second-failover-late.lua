local ours = require "lib.our_cluster"

return scenario {
    id = "rfc6311/our-second-failover-late",
    title = "The first member's synchronization arrives after the second's",
    purpose = [[The network holds the request of the member that has failed meanwhile, and
delivers it after its successor's. Its M1 is lower than what the peer has agreed to: it
must be dropped, or the peer's counters fall out of step with the cluster's.]],
    clauses = { "RFC6311-5.1-05", "RFC6311-2-01", "RFC6311-5-04" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster { members = 3,
            takeover = { how = "eager", jump = 10000 } }
        local sa = cluster:accept()
        sa:request_liveness(3)
        local late = cluster:tamper { exchange = "INFORMATIONAL",
            message_id = 0, response = false, hold = true, limit = 1,
            text = "the first member's request is held" }
        cluster:fail_over()
        cluster:fail_over()
        ours.synchronized(t, sa, "the third member is answered")
        late:release()
        t:elapse(0.8)
        ours.life_goes_on(t, sa)
        ours.gateway_goes_on(t, sa)
    end,
}
