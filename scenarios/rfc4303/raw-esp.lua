return scenario {
    id = "rfc4303/raw-esp",
    title = "ESP as IP protocol 50, with IKE on port 500",
    purpose = [[Without a NAT there is no UDP encapsulation. Counters and replay
protection are the same.]],
    clauses = { "RFC4303-2.2-01", "RFC4303-3.4.3-05" },
    needs = { "raw_esp", "message_id_sync" },
    run = function(t)
        local cluster = t:cluster { encapsulate = false,
                                    gateway = { encapsulate = false } }
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
