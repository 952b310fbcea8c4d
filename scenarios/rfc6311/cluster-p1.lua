local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6311/cluster-p1",
    title = "P1 is one more than the last request that the cluster received",
    purpose = [[Our requests were answered by the active member and shared. With a lower P1
the new member asks for Message IDs that we have used: what we sent can be replayed to
it, and our next request is outside of the window that it announced.]],
    clauses = { "RFC6311-5.1-03", "RFC6311-6.3-03" },
    gateway = "cluster",
    needs = { "message_id_sync" },
    run = function(t)
        local sa = t:peer {}:accept()
        for count = 1, 3 do
            sa:request_liveness(2 * count)
            gateway.fail_over(t, sa, "crash")
            t:expect_answer(sa:start_liveness(), {
                clauses = { "RFC6311-6.3-03" },
                text = "the request that P1 announced is answered" })
            t.gateway:recover()
        end
    end,
}
