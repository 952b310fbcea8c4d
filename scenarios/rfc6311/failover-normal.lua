return scenario {
    id = "rfc6311/failover-normal",
    title = "A failover with a synchronization, and life goes on",
    purpose = [[The case that everything else is a deviation from: the standby
takes over, synchronizes the Message IDs, and requests and traffic flow in both
directions as before. A gateway that fails here loses its tunnels whenever a
cluster fails over.]],
    clauses = { "RFC6311-5-04", "RFC6311-5.1-06", "RFC6311-5.1-07",
                "RFC6311-5.1-08", "RFC6311-5.1-11", "RFC6311-6.3-02",
                "RFC6311-6.3-03" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:traffic(2)
        sa:request_liveness(3)
        cluster:synch_counters()
        cluster:fail_over()
        local sync = sa:synchronize {}
        t:expect_answer(sync, { clauses = { "RFC6311-5-04" },
            text = "the synchronization request is answered" })
        sa:request_liveness(2)
        sa:traffic(2)
        sa:rekey_child()
        sa:traffic(1)
    end,
}
