return scenario {
    id = "rfc4303/transport-mode-granted",
    title = "A gateway that grants transport mode says so",
    purpose = [[We ask for transport mode. Only the notification in the response tells
whether the Child SA is in transport mode or a tunnel, and the gateway has to act on
what it has said.]],
    clauses = { "RFC7296-1.3.1-02" },
    role = "responder",
    needs = { "transport_mode" },
    run = function(t)
        local cluster = t:cluster { mode = "transport" }
        local sa = cluster:connect()
        local transport = sa:esp().transport
        for i = 1, 3 do
            t:expect_delivered(sa:ping { sequence = i },
                { clauses = { "RFC7296-1.3.1-02" },
                  next_header = transport and 1 or 4,
                  text = transport and "transport mode, as was granted" or
                      "a tunnel, as transport mode was not granted" })
        end
    end,
}
