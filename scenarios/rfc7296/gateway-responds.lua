return scenario {
    id = "rfc7296/gateway-responds",
    title = "The gateway as responder: establish, use, rekey, delete",
    purpose = [[The whole life of an IKE SA that the harness initiates.]],
    clauses = { "RFC7296-2.2-03", "RFC7296-2.18-01", "RFC7296-1.4-04",
                "RFC7296-3.1-03" },
    role = "responder",
    run = function(t)
        local peer = t:peer {}
        local sa = peer:connect()
        sa:traffic(2)
        sa:request_liveness(2)
        sa:rekey_child()
        sa:traffic(1)
        sa = sa:rekey()
        sa:request_liveness(1)
        sa:traffic(1)
        sa:delete()
    end,
}
