return scenario {
    id = "rfc6311/appendix-a3",
    title = "Appendix A.3: request (2, 5) to a peer at (2, 4)",
    purpose = [[As in A.2 the example answers what section 5.1 has dropped: M1 is 2
where ID 3 was received. Dropping is in order; the maximum of both sides' values is
at most a warning; anything lower is a failure.]],
    clauses = { "RFC6311-A-01", "RFC6311-5.1-05" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(4)
        cluster:fail_over()
        sa:synchronize { m1 = 2, p1 = 5 }
        t:elapse(0.8)
        sa:abandon()
        sa:request_liveness(1)
    end,
}
