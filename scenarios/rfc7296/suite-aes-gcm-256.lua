return scenario {
    id = "rfc7296/suite-aes-gcm-256",
    title = "AES-GCM-256, PRF-HMAC-SHA2-384, ECP-256",
    purpose = [[Keys, rekeys of both kinds and traffic with these algorithms, and a
failover on top: what is derived wrongly shows as silence.]],
    clauses = { "RFC7296-2.18-01", "RFC6311-5-04" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster { ike = "aes256gcm16-prfsha384-ecp256",
                                    esp = "aes256gcm16" }
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
