local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6027/cluster-our-request-unanswered",
    title = "Only the dead member has answered our request",
    purpose = [[RFC 6027 3.3: we retransmit a request whose answer was lost with the member that
gave it. The new member has no copy of the answer; whether it knew of the request or not,
the next one must be answered, and no Message ID may stay blocked.]],
    clauses = { "RFC6027-3.3-01", "RFC6311-5.1-03" },
    gateway = "cluster",
    needs = { "message_id_sync", "synch" },
    run = function(t)
        local sa = t:peer {}:accept()
        sa:request_liveness(1)
        for _, synch in ipairs { "deliver", "lose" } do
            t.gateway:synch("message_id", synch)
            local ref = sa:request_liveness(1)
            t.gateway:fail("crash")
            sa:replay(ref)
            t:elapse(0.3)
            sa:replay(ref)
            t:elapse(4)
            t:expect_answer(sa:start_liveness(), {
                clauses = { "RFC6027-3.3-01" },
                text = "the next request is answered" })
            t.gateway:recover()
        end
    end,
}
