local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6311/cluster-esp-numbers",
    title = "After a failover ESP goes on above every number that was used",
    purpose = [[The new member knows the outgoing ESP numbers as of the last message on the
synch channel, and some packets have gone since, or all of them. It has to jump: a
number that was used is dropped by the peer as a replay, and with it the traffic, until
the counter has passed the old one.]],
    clauses = { "RFC4303-2.2-01", "RFC6311-5.2-01",
                "RFC6027-3.4-01", "RFC6027-3.4-02" },
    gateway = "cluster",
    needs = { "message_id_sync", "synch", "traffic" },
    run = function(t)
        local sa = t:peer { gateway = { members = 3 } }:accept()
        for _, fate in ipairs { "deliver", "lose" } do
            t.gateway:synch("counter", fate)
            t.gateway:await_traffic(250)
            gateway.fail_over(t, sa, "crash")
            t.gateway:await_traffic(10)
            sa:traffic(2, { clauses = { "RFC6311-5.2-01" },
                text = "echoes come back" })
            t.gateway:recover()
        end
    end,
}
