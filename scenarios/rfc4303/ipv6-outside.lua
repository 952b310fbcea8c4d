return scenario {
    id = "rfc4303/ipv6-outside",
    title = "IKE and ESP between two IPv6 addresses",
    purpose = [[Everything else as over IPv4: a failover in between, and replayed
packets are recognised.]],
    clauses = { "RFC4303-2.2-01", "RFC4303-3.4.3-05", "RFC6311-5-04" },
    needs = { "ipv6_outer", "message_id_sync" },
    run = function(t)
        local cluster = t:cluster { family = 6 }
        local sa = cluster:accept()
        sa:traffic(3)
        local probe = sa:ping()
        t:expect_delivered(probe)
        t:expect_undelivered(sa:replay(probe),
            { clauses = { "RFC4303-3.4.3-05" },
              text = "the packet is not delivered twice" })
        cluster:synch_counters()
        cluster:fail_over()
        t:expect_answer(sa:synchronize {}, { clauses = { "RFC6311-5-04" } })
        sa:traffic(2)
    end,
}
