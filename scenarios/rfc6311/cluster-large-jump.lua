local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6311/cluster-large-jump",
    title = "After a jump of 2^30 the Child SA is rekeyed soon",
    purpose = [[A jump that large is safe against any lag of the synch channel, but the
fourth of its kind uses the counter up, and the SA stops. So a rekey should follow
each.]],
    clauses = { "RFC6311-5.2-02", "RFC6311-5.2-01" },
    gateway = "cluster",
    needs = { "message_id_sync", "esp_jump", "traffic" },
    run = function(t)
        local sa = t:peer { gateway = { jump = 1 << 30 } }:accept()
        for _ = 1, 2 do
            t.gateway:await_traffic(5)
            local since = gateway.fail_over(t, sa, "crash")
            t:expect_request({ sa = sa, exchange = gateway.CREATE_CHILD_SA,
                since = since }, { clauses = { "RFC6311-5.2-02" }, within = 10,
                text = "the Child SA is rekeyed" })
            t:elapse(0.5)
            t.gateway:await_traffic(5)
            sa:traffic(2)
            t.gateway:recover()
        end
    end,
}
