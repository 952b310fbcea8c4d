local ours = require "lib.our_cluster"

return scenario {
    id = "rfc6311/our-failover-in-their-rekey",
    title = "The member crashes that had the gateway's rekeying of a Child SA to answer",
    purpose = [[The gateway waits for an answer that nobody will give. The synchronization
tells it so: it does not wait any longer, and starts anew under a Message ID that the new
member accepts.]],
    clauses = { "RFC6311-9-02", "RFC6311-5-04", "RFC6311-6.3-02" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster { takeover = { how = "eager",
                                                 jump = 10000 } }
        local sa = cluster:accept()
        sa:traffic(1)
        local lost = cluster:tamper { exchange = "CREATE_CHILD_SA",
            response = true, drop = true, text = "our answer is lost" }
        cluster:synch("all", "lose")
        t.gateway:rekey("child")
        sa:await_request { exchange = "CREATE_CHILD_SA" }
        cluster:synch("all", "deliver")
        cluster:fail_over()
        lost:remove()
        ours.synchronized(t, sa)
        t:expect_answer(sa:start_liveness(), { clauses = { "RFC6311-5-04" },
            text = "a request of ours is answered" })
        t.gateway:wait()
        t:elapse(0.2)
        sa:request_liveness(1)
    end,
}
