return scenario {
    id = "rfc4303/first-packets-chacha",
    title = "With ChaCha20-Poly1305, too, no IV comes twice",
    purpose = [[The IV and the salt are the nonce. Used twice it gives away the sum of
two packets and the key of the ICV.]],
    clauses = { "RFC7634-2-01", "RFC7634-2.1-01", "RFC4303-2.2-01",
                "RFC5282-3.1-01" },
    needs = { "chacha20poly1305" },
    run = function(t)
        local cluster = t:cluster { esp = "chacha20poly1305",
                                    ike = "aes128gcm16-prfsha256-x25519" }
        local sa = cluster:accept()
        local clear = { clauses = { "RFC7634-2.1-01" }, text = "with SPI and " ..
            "32 bits of the number as associated data it verifies" }
        sa:await_esp()
        sa:traffic(8, clear)
        sa:rekey_child()
        sa:request_liveness(3)
        sa:traffic(8, clear)
    end,
}
