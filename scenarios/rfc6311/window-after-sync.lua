return scenario {
    id = "rfc6311/window-after-sync",
    title = "After its answer the peer holds the window that it announced",
    purpose = [[Requests below M2 and beyond the window are dropped, the one at M2 is
answered. A peer that accepts older IDs after the synchronization can be fed
recorded requests.]],
    clauses = { "RFC6311-8.1-02", "RFC6311-6.3-03" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(2)
        cluster:fail_over()
        local m1 = sa.sent.next + 10
        local sync = sa:synchronize { m1 = m1 }
        t:expect_answer(sync, { clauses = { "RFC6311-5-04" } })
        t:await(5, function() return sync.done end, "the synchronization")
        local m2 = sa.sent.next
        local below = sa:send { message_id = m2 - 1, payloads = {} }
        t:expect_silence(below, { clauses = { "RFC6311-8.1-02" },
            text = "the ID below M2 is not answered" })
        local above = sa:send { message_id = m2 + 1, payloads = {} }
        t:expect_silence(above, { clauses = { "RFC6311-8.1-02" },
            text = "the ID beyond the window is not answered" })
        t:expect_answer(sa:start_liveness(), { clauses = { "RFC6311-6.3-03" },
            text = "the request with M2 is answered" })
    end,
}
