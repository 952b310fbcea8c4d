local ours = require "lib.our_cluster"

return scenario {
    id = "rfc6311/our-flapping",
    title = "A cluster fails over five times in a row",
    purpose = [[A faulty machine reboots again and again, and each time the other member takes
over and synchronizes. Every one of those requests is genuine; a peer that stops
answering after a few loses the tunnel for good.]],
    clauses = { "RFC6311-5-04", "RFC6311-5.1-05", "RFC6311-2-01" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster { takeover = { how = "eager",
                                                 jump = 10000 } }
        local sa = cluster:accept()
        sa:traffic(1)
        for _ = 1, 5 do
            cluster:flap { times = 1, interval = 0.2 }
            ours.synchronized(t, sa)
            sa:traffic(1)
        end
        cluster:flap { times = 5, interval = 0.05 }
        ours.synchronized(t, sa)
        ours.life_goes_on(t, sa)
        ours.gateway_goes_on(t, sa)
        ours.life_goes_on(t, sa)
    end,
}
