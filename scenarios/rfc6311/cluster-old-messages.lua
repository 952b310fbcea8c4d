local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6311/cluster-old-messages",
    title = "Old messages after a failover start no second synchronization",
    purpose = [[Whoever has recorded old IKE and ESP packets replays a hundred of them after
the failover. If each were a reason to synchronize again, one recorded packet would make
the cluster and its peer exchange sealed messages for ever.]],
    clauses = { "RFC6311-7-02", "RFC6311-8.2-01" },
    gateway = "cluster",
    needs = { "message_id_sync" },
    run = function(t)
        local sa = t:peer {}:accept()
        local old, probes = {}, {}
        for i = 1, 5 do
            old[i] = sa:request_liveness(1)
            probes[i] = sa:ping { sequence = i }
            t:expect_delivered(probes[i])
        end
        gateway.fail_over(t, sa, "crash")
        t:elapse(0.1)
        local since = t:now()
        for _ = 1, 10 do
            for i = 1, 5 do
                sa:replay(old[i])
                sa:replay(probes[i])
            end
        end
        t:expect_no_request({ sa = sa, notify = gateway.SYNC, since = since },
            { clauses = { "RFC6311-7-02" }, within = 5,
              text = "no second synchronization" })
        gateway.life_goes_on(t, sa)
    end,
}
