local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6027/cluster-last-update-lost",
    title = "The last Message ID update is lost before the failover",
    purpose = [[RFC 6027 3.3: synchronization after every exchange does not help when one update
is lost. The new member's numbers are one or several too low: it must not send its next
request under a Message ID that was used, and must answer ours.]],
    clauses = { "RFC6027-3.3-01", "RFC6027-3.3-02", "RFC6027-3.6-02",
                "RFC6311-6.3-02" },
    gateway = "cluster",
    needs = { "message_id_sync", "eager_sync", "synch" },
    run = function(t)
        local sa = t:peer {}:accept()
        sa:request_liveness(2)
        for _, lost in ipairs { 1, 4 } do
            t.gateway:synch("message_id", "lose")
            for _ = 1, lost do
                t.gateway:liveness()
                t:elapse(0.05)
                sa:request_liveness(1)
            end
            t.gateway:synch("message_id", "deliver")
            t.gateway:fail("crash")
            t:elapse(10)
            local since, next = t:now(), sa.received.next
            t.gateway:liveness()
            t:expect_request({ sa = sa, since = since, message_id = next },
                { clauses = { "RFC6027-3.3-01", "RFC6027-3.3-02" },
                  text = "its next request has a Message ID that is new" })
            t:elapse(0.1)
            t:expect_answer(sa:start_liveness(), {
                clauses = { "RFC6027-3.3-01" },
                text = "our next request is answered" })
            t.gateway:recover()
        end
    end,
}
