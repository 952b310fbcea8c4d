return scenario {
    id = "rfc6311/out-of-window-before-sync",
    title = "Between failover and synchronization the window holds",
    purpose = [[The extension changes no other Message ID rule: without a
synchronization, old and far-ahead requests of the new member stay unanswered.]],
    clauses = { "RFC6311-7-01" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(3)
        cluster:fail_over()
        local next = sa.sent.next
        local old = sa:send { message_id = next - 2, payloads = {} }
        t:expect_silence(old, { clauses = { "RFC6311-7-01" },
            text = "an old request of new content is not processed" })
        local ahead = sa:send { message_id = next + 5, payloads = {} }
        t:expect_silence(ahead, { clauses = { "RFC6311-7-01" },
            text = "a request beyond the window is not answered" })
        t:expect_answer(sa:synchronize {}, { clauses = { "RFC6311-5-04" } })
        sa:request_liveness(1)
    end,
}
