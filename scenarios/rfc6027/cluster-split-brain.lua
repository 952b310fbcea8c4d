local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6027/cluster-split-brain",
    title = "Two members believe to be active, and find each other again",
    purpose = [[RFC 6027 3.7: the synch channel is cut, the second member takes the address over
while the first one goes on. The Message IDs that each of them uses, and what they know
when the channel is whole again, must not end the IKE SA.]],
    clauses = { "RFC6027-3.7-01", "RFC6311-5.1-01", "RFC6311-5.2-01" },
    gateway = "cluster",
    needs = { "message_id_sync", "traffic" },
    run = function(t)
        local sa = t:peer {}:accept()
        for member = 1, 2 do
            t.gateway:await_traffic(10)
            sa:request_liveness(1)
            local since = t:now()
            t.gateway:fail("split", member)
            gateway.expect_sync(t, sa, since)
            t:elapse(0.1)
            gateway.life_goes_on(t, sa)
            t.gateway:recover(member)
            t:elapse(0.1)
            gateway.life_goes_on(t, sa)
        end
    end,
}
