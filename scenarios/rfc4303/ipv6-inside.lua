return scenario {
    id = "rfc4303/ipv6-inside",
    title = "IPv6 hosts behind the gateways, IPv4 between them",
    purpose = [[Traffic Selectors of IPv6 ranges and Next Header 41: the counters are
those of any other SA.]],
    clauses = { "RFC4303-2.2-01", "RFC4303-3.4.3-05" },
    needs = { "ipv6_inner" },
    run = function(t)
        local cluster = t:cluster { inner = 6 }
        local sa = cluster:accept()
        for i = 1, 3 do
            t:expect_delivered(sa:ping { sequence = i }, { next_header = 41 })
        end
        local probe = sa:ping()
        t:expect_delivered(probe)
        t:expect_undelivered(sa:replay(probe),
            { clauses = { "RFC4303-3.4.3-05" },
              text = "the packet is not delivered twice" })
        sa:rekey_child()
        sa:traffic(2)
    end,
}
