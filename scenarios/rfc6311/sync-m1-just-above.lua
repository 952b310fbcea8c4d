return scenario {
    id = "rfc6311/sync-m1-just-above",
    title = "M1 just above the highest ID seen is accepted",
    purpose = [[The smallest M1 that is in order: exactly the next Message ID. A
gateway that is too strict by one loses its IKE SA in the commonest failover of
all, the one in which nothing was missed.]],
    clauses = { "RFC6311-5-04", "RFC6311-5.1-06", "RFC6311-6.3-03" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(3)
        cluster:fail_over()
        local m1 = sa.sent.next
        t:expect_answer(sa:synchronize { m1 = m1 },
            { clauses = { "RFC6311-5-04" }, text = "it is answered" })
        sa:request_liveness(2)
    end,
}
