return scenario {
    id = "rfc4303/transport-mode",
    title = "Transport mode: asked for, granted, and then used",
    purpose = [[Two gateways that talk to each other, as cluster members do, need no
inner IP header. A gateway that grants transport mode and goes on in a tunnel, or the
other way round, loses all the traffic without a word.]],
    clauses = { "RFC7296-1.3.1-02", "RFC4303-2.2-01", "RFC4303-3.4.3-05" },
    needs = { "transport_mode" },
    run = function(t)
        local cluster = t:cluster { mode = "transport" }
        local sa = cluster:accept()
        if not sa:esp().transport then
            t:inconclusive("the gateway did not ask for transport mode")
        end
        for i = 1, 3 do
            t:expect_delivered(sa:ping { sequence = i },
                { clauses = { "RFC7296-1.3.1-02" }, next_header = 1,
                  text = "ICMP without an inner IP header" })
        end
        local probe = sa:ping()
        t:expect_delivered(probe, { next_header = 1 })
        t:expect_undelivered(sa:replay(probe),
            { clauses = { "RFC4303-3.4.3-05" },
              text = "not delivered twice in transport mode either" })
        sa:rekey_child()
        t:expect_delivered(sa:ping(), { clauses = { "RFC7296-1.3.1-02" },
            next_header = 1, text = "a rekey keeps transport mode" })
    end,
}
