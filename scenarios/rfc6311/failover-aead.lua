return scenario {
    id = "rfc6311/failover-aead",
    title = "A failover with a synchronization under AES-GCM",
    purpose = [[The answer has Message ID 0 once more. A gateway that makes the IV of
an AEAD from the Message ID cannot seal it without using an IV twice; it has to
find another IV, and neither silence nor the loss of the IKE SA is in order.]],
    clauses = { "RFC6311-5-04", "RFC6311-3.4-01", "RFC7296-1.4-04" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster { ike = "aes128gcm16-prfsha256-x25519" }
        local sa = cluster:accept()
        sa:request_liveness(3)
        cluster:fail_over()
        if not t:expect_answer(sa:synchronize {},
                { clauses = { "RFC6311-5-04" }, within = 3,
                  text = "the synchronization request is answered" }) then
            sa:abandon()
        end
        t:expect_answer(sa:start_liveness(), { clauses = { "RFC7296-1.4-04" },
            within = 3, text = "and the IKE SA still lives" })
    end,
}
