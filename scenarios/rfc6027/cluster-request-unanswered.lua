local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6027/cluster-request-unanswered",
    title = "The active member fails with its own request unanswered",
    purpose = [[RFC 6027 3.6: our answer is under way when the member fails, and the other one
has not heard of the request. It must not use that Message ID for another request, which
we would answer with the response to the first.]],
    clauses = { "RFC6027-3.6-02", "RFC6311-5.1-01", "RFC6311-6.3-02" },
    gateway = "cluster",
    needs = { "message_id_sync", "synch" },
    run = function(t)
        local peer = t:peer {}
        local sa = peer:accept()
        sa:request_liveness(1)
        for _, synch in ipairs { "deliver", "lose" } do
            t.gateway:synch("message_id", synch)
            local held = peer:tamper { exchange = gateway.INFORMATIONAL,
                response = true, hold = true, limit = 1,
                when = function(message) return message.message_id > 0 end,
                text = "our answer is under way when the member fails" }
            t.gateway:liveness()
            t:elapse(0.1)
            t.gateway:fail("crash")
            t:elapse(0.01)
            held:release()
            t:elapse(5)
            gateway.life_goes_on(t, sa, { "RFC6027-3.6-02" })
            t.gateway:recover()
        end
    end,
}
