local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6311/cluster-lazy",
    title = "Synchronization when an IKE SA is used, or at once",
    purpose = [[RFC 6311 leaves open when a new member synchronizes. Several IKE SAs, some
with traffic after the failover: every one that is used has to work, and the strategy is
seen in the capture.]],
    clauses = { "RFC6311-7-03", "RFC6311-7-02" },
    gateway = "cluster",
    needs = { "message_id_sync" },
    run = function(t)
        local peer = t:peer { gateway = { takeover = "lazy" } }
        local sas = { peer:accept() }
        for i = 2, 4 do
            sas[i] = peer:connect()
        end
        for _, sa in ipairs(sas) do
            sa:request_liveness(1)
        end
        t.gateway:fail("crash")
        t:elapse(2)
        for i = 1, 3 do
            t:expect_answer(sas[i]:start_liveness(), {
                clauses = { "RFC6311-7-03" }, within = 10,
                text = "an IKE SA that is used works" })
            sas[i]:traffic(1)
        end
        local since = t:now()
        t.gateway:liveness { sa = sas[4] }
        t:expect_request({ sa = sas[4], since = since }, {
            clauses = { "RFC6311-7-03" }, within = 10,
            text = "it has something to send" })
        t:elapse(1)
        t:expect_answer(sas[4]:start_liveness())
    end,
}
