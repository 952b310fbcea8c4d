return scenario {
    id = "rfc6311/sync-extra-notify",
    title = "Another notify beside the synchronization comes back in no answer",
    purpose = [[As with a Vendor ID: silence, or an answer that adds nothing, is in order.]],
    clauses = { "RFC6311-5.1-10" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(2)
        cluster:fail_over()
        local m1, p1 = sa.sent.next + 1, sa.received.next
        local sync = sa:send {
            message_id = 0,
            payloads = { sync_notify(random(4), m1, p1),
                         notify("INITIAL_CONTACT") },
        }
        t:watch(sync)
        t:expect_answer(sa:synchronize { m1 = m1 + 5 }, { clauses = { "RFC6311-5-04" },
            text = "a good synchronization is still answered" })
        sa:request_liveness(1)
    end,
}
