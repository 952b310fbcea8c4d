return scenario {
    id = "rfc6311/counter-sync-stale",
    title = "A stale synchronization moves no replay counter",
    purpose = [[Whoever recorded a synchronization with a delta could otherwise push
the peer's sequence numbers towards their end, packet by packet. The Message IDs
are looked at first, and with them the counters are dropped.]],
    clauses = { "RFC6311-5.2-03", "RFC6311-5.1-05" },
    needs = { "message_id_sync", "replay_counter_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(3)
        sa:traffic(2)
        cluster:synch_counters()
        cluster:fail_over()
        local stale = sa:synchronize { m1 = sa.sent.highest,
                                       delta = 1234567 }
        t:watch(stale)
        sa:traffic(3)
        t:expect_answer(sa:synchronize { delta = 12345 },
            { clauses = { "RFC6311-5-04" },
              text = "a good one is still answered" })
        t:elapse(0.3)
        sa:traffic(2)
    end,
}
