local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6027/cluster-rekey-interrupted",
    title = "The active member fails in the midst of a rekey or a delete",
    purpose = [[RFC 6027 3.6: a request of the gateway's is with us, our answer is lost together
with the member. The new member knows nothing of it. Its Message IDs have to come right,
and the Child SA that both sides know has to carry traffic.]],
    clauses = { "RFC6027-3.6-02", "RFC6311-5.1-01" },
    gateway = "cluster",
    needs = { "message_id_sync", "rekey" },
    run = function(t)
        for _, action in ipairs { "child", "ike" } do
            local peer = t:peer { name = action }
            local sa = action == "child" and peer:accept() or peer:connect()
            sa:traffic(1)
            local lost = peer:tamper { exchange = gateway.CREATE_CHILD_SA,
                response = true, drop = true,
                text = "our answer to the rekey is lost" }
            t.gateway:rekey(action, { sa = sa })
            t:elapse(0.2)
            t.gateway:fail("crash")
            lost:remove()
            t:elapse(5)
            local since = t:now()
            t.gateway:liveness { sa = sa }
            t:expect_request({ sa = sa, since = since }, {
                clauses = { "RFC6027-3.6-02" },
                text = "the IKE SA that it knows lives" })
            t.gateway:wait()
            t:elapse(0.1)
            if action == "child" then
                t:expect_answer(sa:start_liveness(),
                                { clauses = { "RFC6027-3.6-02" } })
                sa:traffic(1)
            end
            t.gateway:recover()
        end
    end,
}
