return scenario {
    id = "rfc6311/sync-wrong-message-id",
    title = "A synchronization under a far Message ID is not answered",
    purpose = [[Only Message ID zero stands outside the window. Under any other one the
request is an ordinary request, and this one is far outside the window.]],
    clauses = { "RFC6311-5.1-11", "RFC6311-7-01" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(2)
        cluster:fail_over()
        local m1, p1 = sa.sent.next + 1, sa.received.next
        local sync = sa:send {
            message_id = sa.sent.next + 40,
            payloads = { sync_notify(random(4), m1, p1) },
        }
        t:expect_silence(sync, { clauses = { "RFC6311-5.1-11", "RFC6311-7-01" },
            text = "no answer, and no counter moved" })
        sa:request_liveness(1)
        t:expect_answer(sa:synchronize {}, { clauses = { "RFC6311-5-04" },
            text = "a good synchronization is still answered" })
        sa:request_liveness(1)
    end,
}
