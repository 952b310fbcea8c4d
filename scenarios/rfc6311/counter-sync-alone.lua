return scenario {
    id = "rfc6311/counter-sync-alone",
    title = "Replay counters alone, under the current Message ID",
    purpose = [[With 16421 alone negotiated the request is an ordinary one: it has
the next Message ID, is answered without any notify, and moves the counters of
every Child SA once, however often it comes.]],
    clauses = { "RFC6311-5-06", "RFC6311-5.2-04", "RFC6311-6.4-02" },
    needs = { "replay_counter_sync" },
    run = function(t)
        local cluster = t:cluster { message_id_sync = false }
        local sa = cluster:accept()
        sa:create_child()
        for _, child in ipairs(sa.children) do
            sa:traffic(2, nil, child.spi_in)
        end
        sa:request_liveness(1)
        cluster:synch_counters()
        cluster:fail_over()
        local ref = sa:request { payloads = { counter_notify(5000) } }
        t:expect_answer(ref, { without = { 16422, 16423 },
            clauses = { "RFC6311-5-06" },
            text = "an ordinary response without either notify" })
        t:expect_answer(sa:replay(ref), { clauses = { "RFC7296-2.1-04" },
            text = "the repeated request gets the former response" })
        t:elapse(0.3) -- what was on its way need not have jumped
        for _, child in ipairs(sa.children) do
            sa:traffic(2, nil, child.spi_in)
        end
        sa:request_liveness(1)
    end,
}
