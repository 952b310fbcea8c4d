local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6311/cluster-failing-over-twice",
    title = "A second failover, and the first member comes back",
    purpose = [[Three members: each that takes over has to know what the ones before it
have synchronized, or its M1 is a replay to the peer, and the IKE SA is lost with the
second failover of the day.]],
    clauses = { "RFC6311-5.1-04", "RFC6311-5.1-01", "RFC6311-5.2-01",
                "RFC6311-2-01" },
    gateway = "cluster",
    needs = { "message_id_sync", "eager_sync" },
    run = function(t)
        local sa = t:peer { gateway = { members = 3 } }:accept()
        sa:traffic(2)
        for _ = 1, 5 do
            gateway.fail_over(t, sa, "crash", {
                clauses = { "RFC6311-2-01" },
                text = "each member that takes over synchronizes" })
            gateway.life_goes_on(t, sa, { "RFC6311-2-01" })
            t.gateway:recover()
        end
    end,
}
