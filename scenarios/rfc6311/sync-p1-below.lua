return scenario {
    id = "rfc6311/sync-p1-below",
    title = "P1 below what the peer has used is answered with the peer's own counter",
    purpose = [[The member announces one lower than the peer's next. P2 has to be the higher of P1 and one
more than the highest ID that the peer has used, and the peer's next request has
to carry it.]],
    clauses = { "RFC6311-5.1-07", "RFC6311-6.3-02" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(1)
        cluster:fail_over()
        local p1, p2 = sa.received.next - 1, sa.received.next
        t:expect_answer(sa:synchronize { p1 = p1 }, { p2 = p2,
            clauses = { "RFC6311-5.1-07" },
            text = "P2 = max(P1, highest ID used + 1)" })
        local now = { sa = sa, exchange = "CREATE_CHILD_SA", message_id = p2 }
        t.gateway:rekey("child")
        t:expect_request(now, { clauses = { "RFC6311-6.3-02" },
            text = "the gateway's next request carries P2" })
    end,
}
