return scenario {
    id = "rfc6311/sync-m1-max",
    title = "M1 at the edge of 32 bits is applied, or not answered",
    purpose = [[The last Message ID there is. A gateway may refuse it; one that
answers with M2 = 2^32 - 1 has to accept the request that carries it, or the two
sides disagree from then on.]],
    clauses = { "RFC6311-5.1-06", "RFC6311-6.3-03" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(1)
        cluster:fail_over()
        local m1 = 0xffffffff
        local sync = sa:send { message_id = 0,
            payloads = { sync_notify(random(4), m1, sa.received.next) } }
        t:expect_answer(sync, { m2 = m1 })
        local last = sa:send { message_id = m1, payloads = {} }
        for _ = 1, 2 do
            t:elapse(0.5)
            sa:replay(last)
        end
        t:expect_answer(last, { clauses = { "RFC6311-6.3-03" }, within = 2,
            text = "the request with the announced Message ID is answered" })
    end,
}
