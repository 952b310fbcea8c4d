return scenario {
    id = "rfc6311/sync-replayed-at-once",
    title = "A synchronization request repeated at once moves nothing",
    purpose = [[The same octets again, right after the answer, when the gateway may
still be busy with the first, and once more half a second later. Silence is in order,
the former response is in order too (a lost response must not end the SA); new
counters, or a response sealed anew, are not.]],
    clauses = { "RFC6311-5.1-05" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(2)
        cluster:fail_over()
        local sync = sa:synchronize {}
        t:expect_answer(sync, { clauses = { "RFC6311-5-04" } })
        for _ = 1, 2 do
            sa:replay(sync)
            t:elapse(0.5)
        end
        sa:request_liveness(2)
    end,
}
