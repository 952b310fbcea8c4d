local ours = require "lib.our_cluster"

return scenario {
    id = "rfc6027/our-sticky-members",
    title = "Each of two members has an IKE SA; one fails, the other is not touched",
    purpose = [[RFC 6027 3.7, "sticky": an IKE SA and its Child SAs belong to one member. When
one fails, its IKE SA goes to the other, which already has one with the same peer. The
peer must not confuse or merge the two.]],
    clauses = { "RFC6027-3.7-02", "RFC6311-5-04" },
    role = "responder",
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster { sharing = "sticky",
            takeover = { how = "eager", jump = 10000 } }
        local first = cluster:connect { member = 1 }
        local second = cluster:connect { member = 2 }
        if not first:exists() then
            t:inconclusive("the gateway keeps one IKE SA a peer")
        end
        first:traffic(2)
        second:traffic(2)
        cluster:fail_over("crash", { member = 1 })
        ours.synchronized(t, first)
        if first:owner() ~= 2 or second:owner() ~= 2 then
            error("member 2 does not own both")
        end
        first:request_liveness(2)
        second:request_liveness(2)
        first:traffic(2)
        second:traffic(2)
        cluster:recover(1)
        cluster:fail_over("planned", { member = 2, to = 1 })
        ours.synchronized(t, second)
        for _, sa in ipairs { first, second } do
            sa:request_liveness(1)
            sa:traffic(1)
        end
    end,
}
