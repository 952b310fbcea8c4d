return scenario {
    id = "rfc7296/suite-chacha20",
    title = "ChaCha20-Poly1305, Curve25519",
    purpose = [[Keys, rekeys of both kinds and traffic with these algorithms, and a
failover on top: what is derived wrongly shows as silence.]],
    clauses = { "RFC7296-2.18-01", "RFC6311-5-04" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster { ike = "chacha20poly1305-prfsha256-x25519",
                                    esp = "chacha20poly1305" }
        local sa = cluster:accept()
        sa:traffic(1)
        sa:rekey_child()
        sa:traffic(1)
        sa = sa:rekey()
        sa:request_liveness(1)
        cluster:fail_over()
        t:expect_answer(sa:synchronize {}, { clauses = { "RFC6311-5-04" } })
        sa:request_liveness(1)
    end,
}
