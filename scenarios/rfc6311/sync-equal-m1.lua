return scenario {
    id = "rfc6311/sync-equal-m1",
    title = "A synchronization whose M1 equals the highest ID seen is dropped",
    purpose = [[The rule says lower than or equal: an M1 that was already used as a
Message ID announces a request that the peer has seen before.]],
    clauses = { "RFC6311-5.1-05" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(3)
        cluster:fail_over()
        local sync = sa:synchronize { m1 = sa.sent.highest }
        t:watch(sync)
        t:expect_answer(sa:synchronize {}, { clauses = { "RFC6311-5-04" },
            text = "a good one is still answered" })
        sa:request_liveness(1)
    end,
}
