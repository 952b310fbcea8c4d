return scenario {
    id = "rfc7296/unprotected-delete",
    title = "A Delete in clear text does not end the IKE SA",
    purpose = [[Whoever can send a UDP packet must not be able to end an SA.]],
    clauses = { "RFC7296-1.4-01" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        local forged = sa:send { payloads = { delete_payload() },
                                 clear = true, text = "DELETE in clear" }
        t:expect_silence(forged, { clauses = { "RFC7296-1.4-01" },
            text = "an unprotected message has no effect" })
        t:expect_answer(sa:start_liveness(), { clauses = { "RFC7296-1.4-01" },
            text = "the IKE SA lives on" })
        sa:traffic(1)
    end,
}
