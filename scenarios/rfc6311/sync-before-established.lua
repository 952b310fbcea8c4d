return scenario {
    id = "rfc6311/sync-before-established",
    title = "A synchronization before IKE_AUTH is complete is not acted upon",
    purpose = [[The keys exist, but nobody is authenticated and nothing is
negotiated. Synchronization belongs to established IKE SAs only.]],
    clauses = { "RFC6311-10-01" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local held = cluster:tamper { exchange = "IKE_AUTH", response = true,
            hold = true, limit = 1, text = "our IKE_AUTH answer is held back" }
        t.gateway:start("initiate")
        local sa
        t:await(10, function()
            for _, candidate in pairs(cluster.sas) do
                sa = candidate
            end
            return #held.held > 0
        end, "the gateway's IKE_AUTH request")
        local sync = sa:send { message_id = 0,
            payloads = { sync_notify(random(4), 5, 2) } }
        t:watch(sync)
        held:release()
        t.gateway:wait(10)
        sa:request_liveness(1)
    end,
}
