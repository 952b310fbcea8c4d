return scenario {
    id = "rfc6311/failover-twice",
    title = "A second failover with a higher M1 is answered like the first",
    purpose = [[Failing back must work: each new member chooses an M1 above the one
of the synchronization before, and the peer follows.]],
    clauses = { "RFC6311-5-04", "RFC6311-5.1-06" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster { members = 3 }
        local sa = cluster:accept()
        sa:request_liveness(1)
        for _ = 1, 2 do
            cluster:fail_over()
            t:expect_answer(sa:synchronize {}, { clauses = { "RFC6311-5-04" },
                text = "the new member's synchronization is answered" })
            sa:request_liveness(1)
        end
        sa:traffic(1)
    end,
}
