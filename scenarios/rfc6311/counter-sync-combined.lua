return scenario {
    id = "rfc6311/counter-sync-combined",
    title = "Message IDs and replay counters in one synchronization",
    purpose = [[The new member does not know how far the cluster's windows have
moved and asks the peer to jump. Every Child SA of the IKE SA has to jump by the
whole delta; one that does not sends numbers that the new member must drop.]],
    clauses = { "RFC6311-5.2-04", "RFC6311-5-07", "RFC6311-6.4-02",
                "RFC6311-5.1-10" },
    needs = { "message_id_sync", "replay_counter_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:create_child()
        sa:traffic(3, nil, sa.children[1].spi_in)
        sa:traffic(2, nil, sa.children[2].spi_in)
        cluster:synch_counters()
        cluster:fail_over()
        t:expect_answer(sa:synchronize { delta = 1234567 },
            { clauses = { "RFC6311-5-04" }, notify = { 16422 },
              text = "both notifies are answered with 16422" })
        t:elapse(0.3) -- what was on its way need not have jumped
        for _, child in ipairs(sa.children) do
            sa:traffic(2, nil, child.spi_in)
        end
        sa:request_liveness(1)
    end,
}
