local ours = require "lib.our_cluster"

return scenario {
    id = "rfc6311/our-failover-in-ike-rekey",
    title = "The member that rekeyed the IKE SA crashes before it deletes the old one",
    purpose = [[The new IKE SA has reached the standby, the DELETE of the old one never
left. The standby synchronizes both and finishes what was begun: the old one goes, the
new one works.]],
    clauses = { "RFC6311-5-04", "RFC7296-2.8-04" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster { takeover = { how = "eager",
                                                 jump = 10000 } }
        local old = cluster:accept()
        old:request_liveness(1)
        local kept = cluster:tamper { exchange = "INFORMATIONAL",
            response = false, drop = true,
            text = "the DELETE of the old IKE SA does not leave" }
        old:start("rekey")
        local sa = old:successor()
        cluster:fail_over()
        kept:remove()
        ours.synchronized(t, sa, "the new IKE SA is synchronized")
        t:elapse(0.5)
        ours.life_goes_on(t, sa)
        ours.gateway_goes_on(t, sa)
        sa:request_liveness(1)
    end,
}
