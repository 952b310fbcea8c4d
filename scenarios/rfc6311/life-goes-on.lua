return scenario {
    id = "rfc6311/life-goes-on",
    title = "After the synchronization both sides start every kind of exchange",
    purpose = [[Liveness, Child rekey and IKE rekey from either side, with traffic in
between. A synchronization that is answered but leaves one direction out of step
shows here.]],
    clauses = { "RFC6311-6.3-02", "RFC6311-6.3-03", "RFC7296-2.18-01" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(2)
        sa:traffic(1)
        cluster:synch_counters()
        cluster:fail_over()
        t:expect_answer(sa:synchronize { p1 = sa.received.next + 3 },
            { clauses = { "RFC6311-5-04" } })
        sa:request_liveness(2)
        t.gateway:rekey("child")
        sa:await_request { exchange = "CREATE_CHILD_SA" }
        t.gateway:wait()
        t:elapse(0.2)
        sa:traffic(1)
        sa:rekey_child()
        sa:traffic(1)
        sa = sa:rekey()
        sa:request_liveness(1)
        t.gateway:rekey("ike")
        sa = sa:successor()
        sa:request_liveness(1)
        sa:traffic(1)
    end,
}
