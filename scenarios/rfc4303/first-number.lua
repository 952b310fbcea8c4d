return scenario {
    id = "rfc4303/first-number",
    title = "The first packet to arrive need not be number 1",
    purpose = [[The packets before it were lost, or are late. The receiver's counter
starts at 0 with the SA, so 5000 is ahead of it, the numbers shortly before are
inside the window, and 1 is below it.]],
    clauses = { "RFC4303-3.4.3-04", "RFC4303-3.4.3-06", "RFC4303-3.4.3-07" },
    run = function(t)
        local cluster = t:peer {}
        local sa = cluster:accept()
        local first = sa:ping { hold = true }
        sa:skip(4998)
        t:expect_delivered(sa:ping(), { clauses = { "RFC4303-3.4.3-04" },
            text = "the first packet is accepted with number 5000" })
        t:expect_delivered(sa:ping { number = 4990 },
            { clauses = { "RFC4303-3.4.3-07" }, within = 2,
              text = "10 behind: inside the window" })
        t:expect_undelivered(sa:release(first),
            { clauses = { "RFC4303-3.4.3-06" }, within = 0.5,
              text = "number 1 comes too late" })
        -- The successor starts anew.
        sa:rekey_child()
        t:expect_delivered(sa:ping(), { clauses = { "RFC4303-3.4.3-04" },
            text = "number 1 of the new SA" })
    end,
}
