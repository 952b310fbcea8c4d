return scenario {
    id = "rfc6311/counter-sync-wrong-size",
    title = "A delta of the wrong size is not applied",
    purpose = [[Without ESN the delta has 4 octets. One of 8 is malformed: whether
the peer drops all of it or answers the Message IDs alone, its sequence numbers must
not jump.]],
    clauses = { "RFC6311-6.4-01" },
    needs = { "message_id_sync", "replay_counter_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(1)
        sa:traffic(2)
        cluster:synch_counters()
        cluster:fail_over()
        sa:synchronize { delta = 1234567, delta_size = 8 }
        t:elapse(0.8)
        sa:abandon()
        sa:traffic(3)
        t:expect_answer(sa:synchronize { m1 = sa.sent.next + 8,
                                         delta = 12345 },
            { clauses = { "RFC6311-5-04" },
              text = "one of the right size is answered" })
        t:elapse(0.3)
        sa:traffic(2)
    end,
}
