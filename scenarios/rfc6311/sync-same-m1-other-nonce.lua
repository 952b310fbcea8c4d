return scenario {
    id = "rfc6311/sync-same-m1-other-nonce",
    title = "A different synchronization with the M1 of the previous one is dropped",
    purpose = [[Previous synchronization requests count among the values seen. A
second request with the same M1 and another nonce is neither a retransmission nor
new, so it must be dropped.]],
    clauses = { "RFC6311-5.1-05" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(2)
        cluster:fail_over()
        local m1, p1 = sa.sent.next + 3, sa.received.next
        t:expect_answer(sa:synchronize { m1 = m1, p1 = p1 },
            { clauses = { "RFC6311-5-04" } })
        t:elapse(0.1) -- a daemon that still has the first in hand drops it
        local again = sa:send { message_id = 0,
            payloads = { sync_notify("\1\2\3\4", m1, p1) } }
        t:expect_silence(again, { clauses = { "RFC6311-5.1-05" },
            text = "the M1 of an earlier synchronization is dropped" })
        sa:request_liveness(1)
    end,
}
