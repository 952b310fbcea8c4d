return scenario {
    id = "rfc6311/sync-p1-below",
    title = "P1 below what the peer has used is answered with the peer's own counter",
    purpose = [[The member announces one lower than the peer's next. P2 has to be the higher of P1 and one
more than the highest ID that the peer has used, and the peer's next request has
to carry it.]],
    clauses = { "RFC6311-5-04", "RFC6311-5.1-07", "RFC6311-6.3-02" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(1)
        cluster:fail_over()
        local sync = sa:synchronize { p1 = sa.received.next - 1 }
        t:expect_answer(sync, { clauses = { "RFC6311-5-04" },
            text = "it is answered" })
        t:await(5, function() return sync.done end, "the synchronization")
        local now = { sa = sa, message_id = sa.received.next }
        t.gateway:rekey("child")
        t:expect_request(now, { clauses = { "RFC6311-6.3-02" },
            text = "the gateway's next request carries P2" })
    end,
}
