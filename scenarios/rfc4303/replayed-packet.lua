return scenario {
    id = "rfc4303/replayed-packet",
    title = "A replayed ESP packet is not delivered again",
    purpose = [[The same packet at once, after the window has moved within reach, and
below the window: none may come out behind the gateway a second time.]],
    clauses = { "RFC4303-3.4.3-01", "RFC4303-3.4.3-05", "RFC4303-3.4.3-06" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        local probe = sa:ping()
        t:expect_delivered(probe)
        t:expect_undelivered(sa:replay(probe),
            { clauses = { "RFC4303-3.4.3-05" },
              text = "the packet is not delivered twice" })
        sa:traffic(3)
        t:expect_undelivered(sa:replay(probe),
            { clauses = { "RFC4303-3.4.3-05" },
              text = "nor later, inside the window" })
        sa:skip(5000)
        sa:traffic(1)
        t:expect_undelivered(sa:replay(probe),
            { clauses = { "RFC4303-3.4.3-01", "RFC4303-3.4.3-06" },
              text = "nor below the window" })
    end,
}
