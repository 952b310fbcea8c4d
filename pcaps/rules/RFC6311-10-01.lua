return reference {
    clause = "RFC6311-10-01",
    title = "No synchronization before the IKE SA is established",
    wrong = "a synchronization request is answered before IKE_AUTH is complete",
    play = function(t)
        local cluster = t:cluster()
        local held = cluster:tamper {exchange = "IKE_AUTH", response = true,
            hold = true, limit = 1, text = "our IKE_AUTH answer is held back"}
        t.gateway:start("initiate")
        local sa
        t:await(10, function()
            for _, candidate in pairs(cluster.sas) do
                sa = candidate
            end
            return #held.held > 0
        end, "the gateway's IKE_AUTH request")
        t:watch(sa:send {message_id = 0,
            payloads = {sync_notify("abcd", 5, 2)},
            text = "16422 before IKE_AUTH is complete"})
        held:release()
        t.gateway:wait(5)
    end,
    violate = function(t)
        t.gateway:defect("answers-sync-before-established")
    end,
}
