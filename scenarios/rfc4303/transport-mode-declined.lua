return scenario {
    id = "rfc4303/transport-mode-declined",
    title = "Transport mode that is not granted is tunnel mode",
    purpose = [[The gateway asks for transport mode and is answered without it: the
Child SA is a tunnel. Who goes on in transport mode is not understood.]],
    clauses = { "RFC7296-1.3.1-02" },
    needs = { "transport_mode" },
    run = function(t)
        local cluster = t:cluster { mode = "host",
                                    gateway = { mode = "transport" } }
        local sa = cluster:accept()
        for i = 1, 3 do
            t:expect_delivered(sa:ping { sequence = i },
                { clauses = { "RFC7296-1.3.1-02" }, next_header = 4,
                  text = "a whole IP packet in tunnel mode" })
        end
    end,
}
