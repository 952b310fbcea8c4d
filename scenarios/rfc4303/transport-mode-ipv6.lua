return scenario {
    id = "rfc4303/transport-mode-ipv6",
    title = "Transport mode between two IPv6 addresses",
    purpose = [[ICMPv6 has a checksum over addresses that do not travel inside: both
ends must take them from the outer packet.]],
    clauses = { "RFC7296-1.3.1-02" },
    needs = { "transport_mode", "ipv6_outer" },
    run = function(t)
        local cluster = t:cluster { mode = "transport", family = 6 }
        local sa = cluster:accept()
        for i = 1, 3 do
            t:expect_delivered(sa:ping { sequence = i },
                { clauses = { "RFC7296-1.3.1-02" }, next_header = 58,
                  text = "ICMPv6 without an inner IP header" })
        end
    end,
}
