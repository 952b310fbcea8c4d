local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6311/cluster-capability-shared",
    title = "What the peer supports is known to every member",
    purpose = [[Two peers, one with 16420 and one without, are negotiated with member 1.
Member 2 and then member 3 must synchronize with the one and not with the other.
Capabilities that are not shared make the new member silent where the peer waits, or
send what the peer does not know.]],
    clauses = { "RFC6311-5-03", "RFC6311-5-02" },
    gateway = "cluster",
    needs = { "message_id_sync", "eager_sync" },
    run = function(t)
        local able = t:peer { name = "able", gateway = { members = 3 } }:accept()
        local plain = t:peer { name = "plain", message_id_sync = false,
                               replay_counter_sync = false }:connect()
        for _ = 1, 2 do
            local since = t:now()
            t.gateway:fail("crash")
            gateway.expect_sync(t, able, since, {
                clauses = { "RFC6311-5-03" },
                text = "the new member knows that the peer supports it" })
            gateway.expect_no_sync(t, plain, since, {
                clauses = { "RFC6311-5-03" },
                text = "the new member knows that the peer does not" })
            t:expect_answer(able:start_liveness())
            t:expect_answer(plain:start_liveness())
        end
    end,
}
