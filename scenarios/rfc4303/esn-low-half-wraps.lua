return scenario {
    id = "rfc4303/esn-low-half-wraps",
    title = "With ESN the low half goes through 0, and late packets still count",
    purpose = [[Only the low 32 bits travel; the receiver works out the others from its
window (appendix A2.2). At the border a late packet belongs to the subspace before,
and the next one to the one after.]],
    clauses = { "RFC4303-A2.2-01", "RFC4303-3.4.3-05", "RFC4303-3.4.3-06" },
    needs = { "esn" },
    run = function(t)
        local cluster = t:peer { esp = "aes128gcm16-esn" }
        local sa = cluster:accept()
        if not sa:esp().esn then
            t:inconclusive("ESN was not negotiated")
        end
        sa:traffic(2)
        for turn = 1, 2 do
            local border = turn << 32
            -- Two steps, since at first each number must be in reach.
            sa:skip((1 << 31) - 100)
            sa:traffic(1)
            sa:skip(border - sa:esp().sent - 6)
            local before = sa:ping()
            t:expect_delivered(before)
            sa:skip(4)
            for _, number in ipairs { border, border + 1 } do
                t:expect_delivered(sa:ping(),
                    { clauses = { "RFC4303-A2.2-01" },
                      text = string.format("number %d, low half %d", number,
                                           number & 0xffffffff) })
            end
            local late = sa:ping { number = border - 3 }
            t:expect_delivered(late, { clauses = { "RFC4303-A2.2-01" },
                text = "a late packet from before the border" })
            t:expect_undelivered(sa:replay(late),
                { clauses = { "RFC4303-3.4.3-05" }, within = 0.3,
                  text = "but only once" })
            t:expect_undelivered(sa:replay(before),
                { clauses = { "RFC4303-3.4.3-05" }, within = 0.3,
                  text = "nor what came before the border" })
            sa:skip(5000)
            sa:traffic(1)
            t:expect_undelivered(sa:ping { number = border - 2 },
                { clauses = { "RFC4303-3.4.3-06" }, within = 0.3,
                  text = "below the window, whose edge has crossed, too" })
        end
        sa:traffic(1)
    end,
}
