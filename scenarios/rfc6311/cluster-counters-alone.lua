local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6311/cluster-counters-alone",
    title = "A cluster synchronizes replay counters alone",
    purpose = [[The peer asserts 16421 and not 16420. The request for the counters is
then a regular one, with the next Message ID and not with 0: another Message ID is
outside the peer's window, and what arrives behind the cluster may be replayed.]],
    clauses = { "RFC6311-5-06", "RFC6311-5-02" },
    gateway = "cluster",
    needs = { "replay_counter_sync" },
    run = function(t)
        local sa = t:peer { message_id_sync = false }:accept()
        sa:request_liveness(2)
        sa:traffic(2)
        t.gateway:liveness()
        t:elapse(0.1)
        local since, next = t:now(), sa.received.next
        t.gateway:fail("crash")
        t:expect_request({ sa = sa, exchange = gateway.INFORMATIONAL,
            message_id = next, notify = gateway.COUNTERS, since = since },
            { text = "16423 in a regular request, if it asks at all" })
        t:expect_no_request({ sa = sa, notify = gateway.SYNC, since = since },
            { clauses = { "RFC6311-5-02" },
              text = "16422 was not negotiated" })
        gateway.life_goes_on(t, sa)
    end,
}
