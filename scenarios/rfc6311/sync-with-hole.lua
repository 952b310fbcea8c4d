return scenario {
    id = "rfc6311/sync-with-hole",
    title = "A synchronization does not wait for a missing request",
    purpose = [[The old member had several requests under way, and one of them never
arrived. The peer announces one more than the highest, and the missing one is not
taken any more when it comes late.]],
    clauses = { "RFC6311-9-03", "RFC6311-8.1-02", "RFC6311-5.1-06" },
    needs = { "message_id_sync", "window" },
    run = function(t)
        local cluster = t:cluster { gateway = { window = 8 } }
        local sa = cluster:accept()
        sa:request_liveness(1)
        local missing = sa.sent.next
        for id = missing + 1, missing + 3 do
            t:expect_answer(sa:send { message_id = id, payloads = {} },
                { clauses = { "RFC7296-2.3-10" }, within = 2,
                  text = "a request beyond a hole is answered" })
        end
        cluster:fail_over()
        local m1 = missing + 4
        t:expect_answer(sa:synchronize { m1 = m1 },
            { clauses = { "RFC6311-5-04" },
              text = "answered at once, without waiting for the missing one" })
        t:expect_silence(sa:send { message_id = missing, payloads = {} },
            { clauses = { "RFC6311-9-03" },
              text = "the missing request is not answered any more" })
        sa:request_liveness(1)
    end,
}
