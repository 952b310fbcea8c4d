local ours = require "lib.our_cluster"

return scenario {
    id = "rfc6311/our-handover-and-back",
    title = "Handed over for maintenance, and back",
    purpose = [[The active member hands everything over in good order, and takes it back
later. Nothing was lost on the way; the synchronization changes little. It has to be
answered all the same.]],
    clauses = { "RFC6311-5-04", "RFC6311-6.3-02", "RFC6311-6.3-03" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster { takeover = { how = "eager" } }
        local sa = cluster:accept()
        for n = 1, 4 do
            sa:request_liveness(n)
            sa:traffic(1)
            cluster:fail_over("planned")
            ours.synchronized(t, sa)
        end
        ours.life_goes_on(t, sa)
        ours.gateway_goes_on(t, sa)
        ours.life_goes_on(t, sa)
    end,
}
