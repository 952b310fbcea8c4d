return scenario {
    id = "rfc4303/late-packet",
    title = "A late packet inside the window is delivered once",
    purpose = [[Networks reorder. A number never seen, 20 behind the newest, is
accepted once and then never again.]],
    clauses = { "RFC4303-3.4.3-07", "RFC4303-3.4.3-05" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:traffic(1)
        sa:skip(30)
        sa:traffic(1)
        local late = sa:ping { number = sa:esp().sent - 20 }
        t:expect_delivered(late, { clauses = { "RFC4303-3.4.3-07" },
            text = "a late number inside the window is accepted" })
        t:expect_undelivered(sa:replay(late),
            { clauses = { "RFC4303-3.4.3-05" },
              text = "but only once" })
        sa:traffic(1)
    end,
}
