return scenario {
    id = "rfc6311/appendix-a2",
    title = "Appendix A.2: request (2, 3) to a peer at (4, 5)",
    purpose = [[The example answers a request that section 5.1 has dropped: M1 is 2
where ID 4 was received. The rule wins; dropping is in order, and the printed
answer is at most a warning. Lowering a counter is a failure.]],
    clauses = { "RFC6311-A-01", "RFC6311-5.1-05" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster { gateway = { dpd = 1 } }
        local sa = cluster:accept()
        t:await(8, function() return sa.received.next == 4 end,
                "the gateway's request with Message ID 3")
        sa:request_liveness(5)
        cluster:fail_over()
        sa:synchronize { m1 = 2, p1 = 3 }
        t:elapse(0.8)
        sa:abandon()
        sa:request_liveness(1)
    end,
}
