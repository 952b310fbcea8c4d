local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6311/cluster-shared-child",
    title = "One Child SA passes from member to member and back",
    purpose = [[A member freezes in the midst of its traffic, another takes the Child SA over,
and the first comes back with what it remembers. All that was ever sent on the SA has
another IV and another number: whoever goes on where it stood repeats both.]],
    clauses = { "RFC6311-3.4-52", "RFC6311-3.4-51", "RFC6311-5.2-01",
                "RFC4106-3.1-02" },
    gateway = "cluster",
    needs = { "message_id_sync", "synch", "traffic", "aes128gcm16" },
    run = function(t)
        local sa = t:peer {}:accept()
        t.gateway:synch("counter", "lose")
        t.gateway:await_traffic(30)
        for member = 1, 2 do
            local since = t:now()
            t.gateway:fail("freeze", member)
            gateway.expect_sync(t, sa, since)
            t:elapse(0.01)
            t.gateway:await_traffic(30)
            t.gateway:recover(member)
            t.gateway:await_traffic(30)
            sa:request_liveness(1)
        end
    end,
}
