return scenario {
    id = "rfc4303/window-edges",
    title = "The last number inside the window, and the first one below it",
    purpose = [[With a window of W the number W - 1 behind the highest is still new,
the number W behind is not to be told from a replay. Windows of sizes that are no
power of two have their edges, too.]],
    clauses = { "RFC4303-3.4.3-05", "RFC4303-3.4.3-06", "RFC4303-3.4.3-07" },
    needs = { "replay_window" },
    run = function(t)
        local cluster = t:peer { gateway = { replay_window = 100 } }
        local sa = cluster:accept()
        sa:traffic(1)
        sa:skip(1000)
        sa:traffic(1)
        local highest = sa:esp().sent
        t:expect_undelivered(sa:ping { number = highest - 100 },
            { clauses = { "RFC4303-3.4.3-06" }, within = 0.3,
              text = "100 behind the highest: below the window" })
        local edge = sa:ping { number = highest - 99 }
        t:expect_delivered(edge, { clauses = { "RFC4303-3.4.3-07" },
            within = 2, text = "99 behind the highest: inside" })
        t:expect_undelivered(sa:replay(edge),
            { clauses = { "RFC4303-3.4.3-05" }, within = 0.3,
              text = "but once only" })
        -- One step of the window, and the edge has moved by one.
        sa:traffic(1)
        t:expect_undelivered(sa:ping { number = highest - 99 },
            { clauses = { "RFC4303-3.4.3-06" }, within = 0.3,
              text = "now below the window" })
        t:expect_delivered(sa:ping { number = highest - 98 },
            { clauses = { "RFC4303-3.4.3-07" }, within = 2,
              text = "now the last one inside" })
    end,
}
