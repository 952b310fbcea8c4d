return scenario {
    id = "rfc6311/supported-only-if-asserted",
    title = "As responder the gateway asserts only what the initiator asserted",
    purpose = [[RFC 6311 support is asserted by a responder only where the initiator
asserted it: four IKE_AUTH exchanges in one, with none, either and both.]],
    clauses = { "RFC6311-5-01", "RFC6311-6.1-01", "RFC6311-6.2-01" },
    role = "responder",
    run = function(t)
        for _, with in ipairs { { false, false }, { true, false },
                                { false, true }, { true, true } } do
            local peer = t:peer { message_id_sync = with[1],
                                  replay_counter_sync = with[2] }
            local sa = peer:connect()
            sa:request_liveness(1)
            sa:delete()
        end
    end,
}
