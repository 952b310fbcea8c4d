return scenario {
    id = "rfc6311/sync-replayed-later",
    title = "A recorded synchronization is dropped once life has gone on",
    purpose = [[An attacker replays the recorded request after the next real
exchange. M1 is then no longer above what the peer has seen, and the message must
be dropped without a word.]],
    clauses = { "RFC6311-5.1-05" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(2)
        cluster:fail_over()
        local sync = sa:synchronize {}
        t:expect_answer(sync, { clauses = { "RFC6311-5-04" } })
        sa:request_liveness(2)
        t:watch(sa:replay(sync))
        sa:request_liveness(1)
    end,
}
