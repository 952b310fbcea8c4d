return scenario {
    id = "rfc4303/esn-gateway-crosses",
    title = "With ESN the gateway's own number goes beyond 2^32",
    purpose = [[A replay counter synchronization of 8 octets brings it there. The low
half begins again, the high half, which is in the ICV alone, must go up by one;
otherwise nothing the gateway sends from then on verifies.]],
    clauses = { "RFC4303-2.2.1-03", "RFC4303-2.2-01", "RFC6311-5.2-04",
                "RFC6311-6.4-01", "RFC4301-4.4.2.1-02" },
    needs = { "esn", "message_id_sync", "replay_counter_sync" },
    run = function(t)
        local cluster = t:cluster { members = 3,
                                    esp = "aes128gcm16-esn" }
        local sa = cluster:accept()
        if not sa:esp().esn then
            t:inconclusive("ESN was not negotiated")
        end
        sa:traffic(2)
        -- In two steps: what is shortly before 2^32 would at first be taken
        -- for numbers before 1.
        for _, target in ipairs { 1 << 31, (1 << 32) - 4 } do
            cluster:synch_counters()
            cluster:fail_over()
            t:expect_answer(sa:synchronize {
                delta = target - sa:esp().received, delta_size = 8 },
                { clauses = { "RFC6311-6.4-01" } })
            sa:traffic(1)
        end
        sa:traffic(8, { clauses = { "RFC4303-2.2.1-03", "RFC4301-4.4.2.1-02" },
            text = "what the gateway sends across the border verifies" })
    end,
}
