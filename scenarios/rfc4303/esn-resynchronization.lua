return scenario {
    id = "rfc4303/esn-resynchronization",
    title = "With ESN a loss of 2^32 packets and more is recovered from",
    purpose = [[The high half cannot be inferred any more, and every packet fails. After
a number of failures the receiver tries higher ones (appendix A3), or the SA is
silent for ever.]],
    clauses = { "RFC4303-A3-01" },
    needs = { "esn" },
    timeout = 60,
    run = function(t)
        local cluster = t:peer { esp = "aes128gcm16-esn" }
        local sa = cluster:accept()
        if not sa:esp().esn then
            t:inconclusive("ESN was not negotiated")
        end
        sa:traffic(2)
        sa:skip((2 << 32) + (1 << 31))
        for _ = 1, 200 do
            sa:ping()
            t:elapse(0.02)
        end
        t:expect_delivered(sa:ping(), { clauses = { "RFC4303-A3-01" },
            text = "two subspaces further on, after 200 packets" })
    end,
}
