local ours = require "lib.our_cluster"

return scenario {
    id = "rfc6311/our-failover-in-child-rekey",
    title = "The member that rekeys a Child SA crashes before the answer",
    purpose = [[The gateway has answered and has a new Child SA; the member that asked for it
is gone, and its successor never heard of it. RFC 6311 8.3 accepts that. The IKE SA must
survive: the synchronization passes over the request, and what follows is answered.]],
    clauses = { "RFC6311-5-04", "RFC6027-3.6-01", "RFC6027-3.6-02" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster { takeover = { how = "eager",
                                                 jump = 10000 } }
        local sa = cluster:accept()
        sa:request_liveness(1)
        sa:start("rekey_child", sa.children[1].spi_in)
        cluster:fail_over()
        ours.synchronized(t, sa)
        t:expect_answer(sa:start_liveness(), { clauses = { "RFC6311-5-04" },
            text = "the IKE SA works" })
        t:elapse(0.1)
        -- A pair that both sides know.
        sa:create_child()
        t:expect_answer(sa:start_liveness(), { clauses = { "RFC6311-5-04" },
            text = "and goes on working" })
    end,
}
