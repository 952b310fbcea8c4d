return scenario {
    id = "rfc4303/corrupted-packets-cbc",
    title = "With a separate ICV a damaged packet is discarded as well",
    purpose = [[AES-CBC with HMAC: the ICV covers header, IV and ciphertext, and is
checked before anything is decrypted.]],
    clauses = { "RFC4303-3.4.4.1-01", "RFC4303-3.4.3-09" },
    run = function(t)
        local cluster = t:peer { esp = "aes128-sha256" }
        local sa = cluster:accept()
        sa:traffic(2)
        local number = sa:esp().sent + 1
        for _, bad in ipairs { { corrupt = -1 }, { corrupt = -16 },
                               { corrupt = 40 }, { corrupt = 12 },
                               { corrupt = 7 }, { cut = 4 }, { cut = 16 } } do
            bad.number = number
            t:expect_undelivered(sa:ping(bad), { within = 0.2,
                clauses = { "RFC4303-3.4.4.1-01" },
                text = "a damaged packet is discarded" })
        end
        t:expect_delivered(sa:ping(), { clauses = { "RFC4303-3.4.3-09" },
            text = "the true packet of that number" })
        sa:traffic(1)
    end,
}
