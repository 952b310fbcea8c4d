local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6027/cluster-genuine-esp",
    title = "Genuine ESP is accepted soon after a failover",
    purpose = [[RFC 6027 3.5: a member that drops everything below a guess keeps out genuine
packets until the sender's number has passed it. We go on sending with consecutive
numbers, with counters that are synchronized and without: within seconds echoes have to
come back.]],
    clauses = { "RFC6027-3.5-02" },
    gateway = "cluster",
    needs = { "message_id_sync" },
    run = function(t)
        for _, counters in ipairs { true, false } do
            local peer = t:peer { name = tostring(counters),
                                  replay_counter_sync = counters }
            local sa = counters and peer:accept() or peer:connect()
            sa:traffic(5)
            t.gateway:fail("crash")
            t:elapse(5)
            for i = 1, 70 do
                sa:ping { sequence = 100 + i }
            end
            t:elapse(0.1)
            sa:traffic(5, { clauses = { "RFC6027-3.5-02" },
                text = "genuine packets are delivered" })
            t.gateway:recover()
            t:elapse(0.5)
        end
    end,
}
