return scenario {
    id = "rfc6311/sync-short",
    title = "A synchronization notify that is cut short is dropped",
    purpose = [[An octet is missing from EXPECTED_RECV. Reading past it, or acting on half of
it, sets a counter to garbage and ends the IKE SA.]],
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
            payloads = { notify("IKEV2_MESSAGE_ID_SYNC",
                random(4) .. string.pack(">I4I3", m1, p1)) },
        }
        t:watch(sync)
        t:expect_answer(sa:synchronize { m1 = m1 + 5 }, { clauses = { "RFC6311-5-04" },
            text = "a good synchronization is still answered" })
        sa:request_liveness(1)
    end,
}
