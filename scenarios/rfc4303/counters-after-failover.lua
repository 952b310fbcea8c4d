return scenario {
    id = "rfc4303/counters-after-failover",
    title = "Traffic survives a failover when the new member skips ahead",
    purpose = [[The new member does not know the last numbers and jumps by 2^20; the
gateway must follow, and must not accept what was recorded before.]],
    clauses = { "RFC4303-3.4.3-06", "RFC6311-8.2-01" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster { synch = { counter = "lose" } }
        local sa = cluster:accept()
        sa:traffic(3)
        local recorded = sa:ping { sequence = 9 }
        t:expect_delivered(recorded)
        cluster:fail_over()
        t:expect_answer(sa:synchronize {}, { clauses = { "RFC6311-5-04" } })
        sa:skip(1 << 20)
        sa:traffic(2)
        t:expect_undelivered(sa:replay(recorded),
            { clauses = { "RFC4303-3.4.3-05" },
              text = "what was recorded before the failover is not accepted" })
    end,
}
