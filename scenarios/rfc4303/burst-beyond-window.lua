return scenario {
    id = "rfc4303/burst-beyond-window",
    title = "A packet that is overtaken by a window of others is lost",
    purpose = [[The first packets of a burst come last, behind more than any window
holds. They are not to be told from replays, and must not come out; those still in
reach must.]],
    clauses = { "RFC4303-3.4.3-06", "RFC4303-3.4.3-10" },
    run = function(t)
        local cluster = t:peer {}
        local sa = cluster:accept()
        sa:traffic(1)
        local early = { sa:ping { hold = true }, sa:ping { hold = true } }
        sa:skip(5000)
        local near = { sa:ping { hold = true }, sa:ping { hold = true } }
        sa:skip(28)
        sa:traffic(1)
        for _, probe in ipairs(near) do
            t:expect_delivered(sa:release(probe), { within = 2,
                clauses = { "RFC4303-3.4.3-10" },
                text = "some 30 behind the highest" })
        end
        for _, probe in ipairs(early) do
            t:expect_undelivered(sa:release(probe), { within = 0.3,
                clauses = { "RFC4303-3.4.3-06" },
                text = "5000 behind the highest" })
        end
        sa:traffic(1)
    end,
}
