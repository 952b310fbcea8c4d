return scenario {
    id = "rfc4303/burst-duplicates",
    title = "Copies in one burst are delivered once",
    purpose = [[A network may double packets, and an attacker may do it a hundred times:
next to each other, or after others. One of each comes out.]],
    clauses = { "RFC4303-3.4.3-05", "RFC4303-3.4.3-08" },
    run = function(t)
        local cluster = t:peer {}
        local sa = cluster:accept()
        sa:traffic(1)
        local order = { 1, 1, 2, 1, 3, 2, 4, 4, 4, 1 }
        local probes = sa:burst { order = order }
        local many = sa:ping { times = 20 }
        t:expect_delivered(many)
        for i, probe in ipairs(probes) do
            t:expect_delivered(probe)
            t:expect_undelivered(probe, { beyond = 1, within = 0.3,
                clauses = { "RFC4303-3.4.3-05" },
                text = string.format("number %d comes out once", i) })
        end
        t:expect_undelivered(many, { beyond = 1, within = 0.3,
            clauses = { "RFC4303-3.4.3-05" }, text = "one of 20 copies" })
        sa:traffic(2, { clauses = { "RFC4303-3.4.3-08" },
            text = "the copies have not moved the window" })
    end,
}
