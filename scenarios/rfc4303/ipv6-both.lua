return scenario {
    id = "rfc4303/ipv6-both",
    title = "IPv6 inside and outside, ESP in UDP",
    purpose = [[What IPv6 needs of both, together; with the encapsulation that a gateway
has without IPsec in its kernel.]],
    clauses = { "RFC4303-2.2-01", "RFC4303-3.4.3-05" },
    needs = { "ipv6_outer", "ipv6_inner" },
    run = function(t)
        local cluster = t:cluster { family = 6, inner = 6 }
        local sa = cluster:accept()
        for i = 1, 3 do
            t:expect_delivered(sa:ping { sequence = i }, { next_header = 41 })
        end
        local probe = sa:ping()
        t:expect_delivered(probe)
        t:expect_undelivered(sa:replay(probe),
            { clauses = { "RFC4303-3.4.3-05" },
              text = "the packet is not delivered twice" })
    end,
}
