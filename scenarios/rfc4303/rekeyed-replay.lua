return scenario {
    id = "rfc4303/rekeyed-replay",
    title = "After a rekey the old SA's packets are worth nothing",
    purpose = [[The new SA has new keys and counts from 1 again; what was recorded under
the old one must not come in by either SPI. (Some gateways receive on the old SA for
some seconds more, for what was on its way: they must still know what they have seen.)]],
    clauses = { "RFC4303-3.4.2-01", "RFC4303-3.4.3-05", "RFC4303-3.4.3-09" },
    run = function(t)
        local cluster = t:peer {}
        local sa = cluster:accept()
        local old = {}
        for i = 1, 3 do
            old[i] = sa:ping { sequence = i }
            t:expect_delivered(old[i])
        end
        sa:rekey_child()
        sa:traffic(1)
        for i = 1, 3 do
            t:expect_undelivered(sa:replay(old[i]), { within = 0.3,
                clauses = { "RFC4303-3.4.2-01", "RFC4303-3.4.3-05" },
                text = "a packet of the SA that was rekeyed and deleted" })
        end
        -- The same octets under the new SPI.
        local spi = string.pack(">I4", sa:esp().spi_out)
        for i = 1, 3 do
            local moved = {}
            for k, v in pairs(old[i]) do
                moved[k] = v
            end
            moved.octets = spi .. old[i].octets:sub(5)
            t:expect_undelivered(sa:replay(moved), { within = 0.3,
                clauses = { "RFC4303-3.4.3-09" },
                text = "an old packet under the new SPI" })
        end
        sa:traffic(3)
    end,
}
