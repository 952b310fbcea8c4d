return scenario {
    id = "rfc4303/transport-mode-refused",
    title = "A gateway that wants a tunnel does not use transport mode",
    purpose = [[We ask for transport mode, the gateway's policy says tunnel. It may leave
the notification out, and then what it sends is a tunnel's.]],
    clauses = { "RFC7296-1.3.1-02" },
    role = "responder",
    needs = { "transport_mode" },
    run = function(t)
        local cluster = t:cluster { mode = "transport",
                                    gateway = { mode = "tunnel" } }
        local sa = cluster:connect()
        if sa:esp().transport then
            t:inconclusive("the gateway granted transport mode")
        end
        t:expect_delivered(sa:ping(), { clauses = { "RFC7296-1.3.1-02" },
            next_header = 4, text = "a whole IP packet in tunnel mode" })
    end,
}
