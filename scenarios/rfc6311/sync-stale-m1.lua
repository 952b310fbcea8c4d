return scenario {
    id = "rfc6311/sync-stale-m1",
    title = "A synchronization request with a stale send counter is dropped",
    purpose = [[M1 below what the peer has seen means that the request is old: a
replay, or a member that missed synch messages. A gateway that answers it can be
pushed out of step by anyone who recorded one packet. (Answering with the exact
maxima, as the document's own appendix does, is a warning.)]],
    clauses = { "RFC6311-5.1-05" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster { synch = { message_id = "deliver" } }
        local sa = cluster:accept()
        sa:request_liveness(3)
        cluster:fail_over()
        local sync = sa:synchronize { m1 = sa.sent.highest - 1,
                                      p1 = sa.received.next }
        t:watch(sync)
        t:expect_answer(sa:synchronize {}, { clauses = { "RFC6311-5-04" },
            text = "a good one is still answered" })
        sa:request_liveness(1)
    end,
}
