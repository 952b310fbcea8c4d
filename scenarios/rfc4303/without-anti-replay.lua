return scenario {
    id = "rfc4303/without-anti-replay",
    title = "Without anti-replay everything that verifies is delivered",
    purpose = [[The receiver alone decides (3.4.3). Where it is off copies and old
numbers come out, forgeries still do not, and the gateway's own numbers go on
rising.]],
    clauses = { "RFC4303-3.4.3-09", "RFC4303-2.2-02" },
    needs = { "replay_window" },
    run = function(t)
        local cluster = t:peer { gateway = { replay_window = 0 } }
        local sa = cluster:accept()
        local first = sa:ping()
        t:expect_delivered(first)
        sa:skip(5000)
        sa:traffic(2)
        t:expect_delivered(sa:replay(first),
            { text = "an old packet, without anti-replay" })
        t:expect_delivered(sa:ping { number = 17 },
            { text = "an old number, without anti-replay" })
        t:expect_undelivered(sa:ping { corrupt = -1 },
            { clauses = { "RFC4303-3.4.3-09" }, within = 0.5,
              text = "a forgery is discarded all the same" })
        sa:traffic(3)
    end,
}
