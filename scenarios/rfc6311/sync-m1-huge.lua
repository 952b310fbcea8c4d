return scenario {
    id = "rfc6311/sync-m1-huge",
    title = "A very large M1 is accepted and lived up to",
    purpose = [[A member that cannot estimate may jump far ahead. The peer has to
expect exactly that Message ID afterwards, whatever its size.]],
    clauses = { "RFC6311-5-04", "RFC6311-5.1-06", "RFC6311-6.3-03" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(1)
        cluster:fail_over()
        local m1 = 0x7ffffff0
        t:expect_answer(sa:synchronize { m1 = m1 },
            { clauses = { "RFC6311-5-04" }, text = "it is answered" })
        t:expect_answer(sa:start_liveness(),
            { clauses = { "RFC6311-6.3-03" },
              text = "the request with the announced Message ID is answered" })
    end,
}
