return scenario {
    id = "rfc6311/counter-sync-replayed",
    title = "A synchronization with a delta that comes twice counts once",
    purpose = [[The same octets again, at once and later, must not raise the replay
counters a second time: one recorded packet would do to use them up.]],
    clauses = { "RFC6311-5.2-03", "RFC6311-5.2-04", "RFC6311-5.1-05" },
    needs = { "message_id_sync", "replay_counter_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(1)
        sa:traffic(2)
        cluster:synch_counters()
        cluster:fail_over()
        local sync = sa:synchronize { delta = 1234567 }
        t:expect_answer(sync, { clauses = { "RFC6311-5-04" } })
        sa:replay(sync)
        t:elapse(0.3)
        sa:traffic(2)
        sa:request_liveness(1)
        t:expect_silence(sa:replay(sync), { clauses = { "RFC6311-5.1-05" },
            text = "the old synchronization is dropped" })
        sa:traffic(2)
    end,
}
