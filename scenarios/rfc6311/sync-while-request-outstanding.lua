return scenario {
    id = "rfc6311/sync-while-request-outstanding",
    title = "A synchronization does not wait for pending requests",
    purpose = [[The gateway has a request out that only the dead member had seen.
It answers the synchronization at once and counts the pending ID as used; going
on to send it would be a warning.]],
    clauses = { "RFC6311-9-02", "RFC6311-5.1-07" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(1)
        local unanswered = cluster:tamper { exchange = "CREATE_CHILD_SA",
            response = true, drop = true, text = "our answer is lost" }
        t.gateway:rekey("child")
        local pending = sa:await_request { exchange = "CREATE_CHILD_SA" }
        unanswered:remove()
        cluster:synch("all", "lose")
        cluster:fail_over()
        t:expect_answer(sa:synchronize { p1 = pending.message_id },
            { clauses = { "RFC6311-5-04", "RFC6311-9-02" },
              text = "answered at once, without waiting for the response" })
        t:elapse(2.5)
        sa:request_liveness(1)
    end,
}
