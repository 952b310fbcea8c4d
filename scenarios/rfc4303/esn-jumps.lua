return scenario {
    id = "rfc4303/esn-jumps",
    title = "With ESN any jump of less than 2^32 packets is followed",
    purpose = [[Nobody tells the receiver the high half. As long as the jump is below
2^32 less the window it can be inferred, and the very next packet must be
understood.]],
    clauses = { "RFC4303-A2.2-01", "RFC4303-3.4.3-13",
                "RFC4303-2.2.1-01", "RFC4303-2.2.1-02", "RFC4106-5-01" },
    needs = { "esn" },
    run = function(t)
        local cluster = t:peer { esp = "aes128gcm16-esn" }
        local sa = cluster:accept()
        if not sa:esp().esn then
            t:inconclusive("ESN was not negotiated")
        end
        sa:await_esp()
        sa:traffic(1, { esn = true, clauses = { "RFC4303-2.2.1-01", "RFC4106-5-01" },
            text = "with SPI and 64 bits of the number as associated data " ..
                "it verifies" })
        for _, jump in ipairs { 1 << 30, 1 << 31, 3 << 30, (1 << 32) - 5000,
                                1 << 30, 1 << 31 } do
            sa:skip(jump)
            t:expect_delivered(sa:ping(),
                { clauses = { "RFC4303-A2.2-01", "RFC4303-3.4.3-13" },
                  text = string.format("%d numbers further on", jump) })
        end
    end,
}
