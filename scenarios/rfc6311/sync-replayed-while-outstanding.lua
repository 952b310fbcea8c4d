return scenario {
    id = "rfc6311/sync-replayed-while-outstanding",
    title = "A replayed synchronization does not disturb a pending exchange",
    purpose = [[One recorded packet, sent again while the gateway waits for an
answer. If it moves the gateway's counters, the exchange in progress is lost: the
denial of service that the drop rule exists to prevent.]],
    clauses = { "RFC6311-5.1-05" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(1)
        cluster:fail_over()
        local sync = sa:synchronize {}
        t:expect_answer(sync, { clauses = { "RFC6311-5-04" } })
        local held = cluster:tamper { exchange = "CREATE_CHILD_SA",
            response = true, hold = true, limit = 1,
            text = "our answer is held back" }
        t.gateway:rekey("child")
        local pending = sa:await_request { exchange = "CREATE_CHILD_SA" }
        sa:replay(sync)
        t:elapse(0.3)
        held:release()
        t:expect_request({ sa = sa, exchange = "INFORMATIONAL",
                           message_id = pending.message_id + 1,
                           since = pending.time },
            { clauses = { "RFC6311-5.1-05" },
              text = "the pending exchange ends and the next ID follows it" })
        sa:request_liveness(1)
    end,
}
