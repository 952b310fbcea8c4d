local ours = require "lib.our_cluster"

return scenario {
    id = "rfc6311/our-second-failover-at-once",
    title = "The second member fails before its synchronization is answered",
    purpose = [[Two requests come one after the other, from two members: the second one's M1
is higher, since the first has told the others what it was about to send. Both are
answered; only the third member is left to hear it.]],
    clauses = { "RFC6311-2-01", "RFC6311-5.1-05", "RFC6311-5-04" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster { members = 3,
            takeover = { how = "eager", jump = 10000 } }
        local sa = cluster:accept()
        sa:request_liveness(3)
        sa:traffic(2)
        cluster:fail_over()
        cluster:fail_over()
        ours.synchronized(t, sa, "the third member is answered")
        ours.life_goes_on(t, sa)
        ours.gateway_goes_on(t, sa)
        ours.life_goes_on(t, sa)
    end,
}
