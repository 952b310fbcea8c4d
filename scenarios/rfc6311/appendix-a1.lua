return scenario {
    id = "rfc6311/appendix-a1",
    title = "Appendix A.1: request (0, 5) to a peer at (5, 0)",
    purpose = [[The worked pair of the document: the peer has sent five requests and
received none, so the two sides already agree and the answer says so. (A peer that
takes 0 for "already seen" and drops is a warning.)]],
    clauses = { "RFC6311-A-01", "RFC6311-5.1-06", "RFC6311-5.1-07" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster { gateway = { dpd = 1 } }
        local sa = cluster:accept()
        t:await(8, function() return sa.received.next == 5 end,
                "the gateway's request with Message ID 4")
        cluster:fail_over()
        if t:watch(sa:synchronize { m1 = 0, p1 = 5 }, 3) then
            sa:request_liveness(2)
        end
    end,
}
