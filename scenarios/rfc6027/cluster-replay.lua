local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6027/cluster-replay",
    title = "What was recorded before a failover is not delivered after it",
    purpose = [[RFC 6027 3.5: the new member does not know which ESP packets the old one has
accepted. Recorded packets are replayed right after the failover, before anything else
comes, and once more after a genuine one; recorded IKE requests, too. A cluster that
takes them lets anybody repeat what users have done.]],
    clauses = { "RFC6027-3.5-01", "RFC6027-3.5-03", "RFC6311-8.2-01",
                "RFC6027-4-01", "RFC6027-4-02" },
    gateway = "cluster",
    needs = { "message_id_sync", "replay_counter_sync", "synch" },
    run = function(t)
        local sa = t:peer {}:accept()
        local recorded, requests = {}, {}
        t.gateway:synch("counter", "lose")
        for i = 1, 10 do
            recorded[i] = sa:ping { sequence = i }
            t:expect_delivered(recorded[i])
            requests[i] = i <= 3 and sa:request_liveness(1) or requests[i - 3]
        end
        gateway.fail_over(t, sa, "crash")
        t:elapse(1)
        local function replay_all(clauses, when)
            for i = 10, 1, -1 do
                t:expect_undelivered(sa:replay(recorded[i]), {
                    clauses = clauses, within = 0.05, text = when })
                sa:replay(requests[i])
            end
        end
        replay_all({ "RFC6027-3.5-01", "RFC6027-3.5-03", "RFC6311-8.2-01" },
                   "recorded before the failover, replayed right after it")
        sa:traffic(1, { text = "a genuine packet" })
        replay_all({ "RFC6027-3.5-03", "RFC6311-8.2-01" },
                   "recorded before the failover, replayed later")
        t:elapse(10)
        replay_all({ "RFC6027-4-02", "RFC6311-8.2-01" },
                   "recorded before the failover, replayed much later")
        gateway.life_goes_on(t, sa, { "RFC6027-4-01" })
    end,
}
