local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6311/cluster-m1",
    title = "M1 is above every Message ID that the cluster has used",
    purpose = [[The active member has sent requests, and all of them were shared. The new
member's M1 must be above them, and should be so by the sender window, since some may
be under way: an M1 that was used is dropped by the peer, and the cluster stays
silenced until it gives the IKE SA up.]],
    clauses = { "RFC6311-5.1-01", "RFC6311-5.1-02", "RFC6311-6.3-02" },
    gateway = "cluster",
    needs = { "message_id_sync" },
    run = function(t)
        for _, window in ipairs { 1, 5 } do
            local peer = t:peer { name = "window " .. window, window = window }
            local sa = window == 1 and peer:accept() or peer:connect()
            for _ = 1, 4 do
                t.gateway:liveness { sa = sa }
                t:elapse(0.05)
            end
        end
        local since = t:now()
        t.gateway:fail("crash")
        for _, peer in ipairs(t.clusters) do
            local sa = peer.established[1]
            gateway.expect_sync(t, sa, since)
            t:elapse(0.01)
            gateway.life_goes_on(t, sa, { "RFC6311-6.3-02" })
        end
    end,
}
