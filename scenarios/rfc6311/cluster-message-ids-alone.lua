local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6311/cluster-message-ids-alone",
    title = "A cluster synchronizes Message IDs alone",
    purpose = [[The peer asserts 16420 and not 16421. The request is an INFORMATIONAL
with Message ID 0 and 16422 as its only payload: a 16423 that was not negotiated may
make the peer drop all of it, and the IKE SA is lost.]],
    clauses = { "RFC6311-5-05", "RFC6311-5-02", "RFC6311-5.1-10" },
    gateway = "cluster",
    needs = { "message_id_sync" },
    run = function(t)
        local sa = t:peer { replay_counter_sync = false }:accept()
        sa:request_liveness(2)
        sa:traffic(2)
        local since = gateway.fail_over(t, sa, "crash")
        t:expect_no_request({ sa = sa, notify = gateway.COUNTERS,
            since = since }, { clauses = { "RFC6311-5-02" },
            text = "16423 was not negotiated" })
        gateway.life_goes_on(t, sa)
    end,
}
