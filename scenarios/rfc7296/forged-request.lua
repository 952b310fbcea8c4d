return scenario {
    id = "rfc7296/forged-request",
    title = "A request whose ICV does not verify is not answered",
    purpose = [[Everything behind IKE_AUTH is authenticated before it is looked at.
The forged request must neither be answered nor use up its Message ID.]],
    clauses = { "RFC7296-1.4-01" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        local forged = sa:send { payloads = { delete_payload() },
                                 corrupt = -3, text = "DELETE, ICV broken" }
        t:expect_silence(forged, { clauses = { "RFC7296-1.4-01" },
            text = "a message that is not authentic has no effect" })
        sa:request_liveness(1)
    end,
}
