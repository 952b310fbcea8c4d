return scenario {
    id = "rfc6311/sync-empty",
    title = "A synchronization notify without data is dropped",
    purpose = [[There is no nonce and no counter in it, so there is nothing to act on.]],
    clauses = { "RFC6311-6.3-01" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(2)
        cluster:fail_over()
        local m1, p1 = sa.sent.next + 1, sa.received.next
        local sync = sa:send {
            message_id = 0,
            payloads = { notify("IKEV2_MESSAGE_ID_SYNC") },
        }
        t:watch(sync)
        t:expect_answer(sa:synchronize { m1 = m1 + 5 }, { clauses = { "RFC6311-5-04" },
            text = "a good synchronization is still answered" })
        sa:request_liveness(1)
    end,
}
