local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6027/cluster-esp-numbers",
    title = "ESP at speed across a failover, with counters shared now and then",
    purpose = [[RFC 6027 3.4: the host behind the gateway sends all the time, the counters are
shared every 64 packets, every 0.2 s, or never. After the failover the numbers go on
above those that were used, which looks like some loss and no more; otherwise the peer
drops them all until the counter has caught up.]],
    clauses = { "RFC4303-2.2-01", "RFC6027-3.4-01",
                "RFC6027-3.4-02", "RFC6311-5.2-01" },
    gateway = "cluster",
    needs = { "message_id_sync", "synch", "traffic" },
    run = function(t)
        local sa = t:peer {}:accept()
        for _, schedule in ipairs { "every 64", "every 0.2s", "never" } do
            t.gateway:synch("counter", schedule)
            t.gateway:traffic(300, 0.001)
            t:elapse(0.15)
            t.gateway:fail("crash")
            t:elapse(1)
            t.gateway:await_traffic(5)
            sa:traffic(2)
            t.gateway:recover()
        end
    end,
}
