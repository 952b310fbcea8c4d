return scenario {
    id = "rfc4303/unknown-spi",
    title = "ESP of no SA is discarded, and answered by nothing",
    purpose = [[A good packet under an SPI that the gateway never chose. What comes out
behind it came from nobody; and one error message for each packet would make it an
amplifier.]],
    clauses = { "RFC4303-3.4.2-01", "RFC4303-4-01" },
    run = function(t)
        local cluster = t:peer {}
        local sa = cluster:accept()
        sa:traffic(2)
        local spi = sa:esp().spi_out
        for i = 1, 5 do
            local probe = sa:ping { hold = true }
            probe.octets = string.pack(">I4", spi ~ i << 8) ..
                probe.octets:sub(5)
            t:expect_undelivered(sa:release(probe), { within = 0.2,
                clauses = { "RFC4303-3.4.2-01" },
                text = "a packet under an unknown SPI" })
        end
        sa:traffic(2)
    end,
}
