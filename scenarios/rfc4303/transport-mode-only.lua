return scenario {
    id = "rfc4303/transport-mode-only",
    title = "A gateway that must have transport mode deletes the tunnel",
    purpose = [[Where the policy wants transport mode and the peer gives a tunnel, the
Child SA has to go: neither end may be left with half of it.]],
    clauses = { "RFC7296-1.3.1-03" },
    needs = { "transport_mode_only" },
    run = function(t)
        local cluster = t:cluster { mode = "host",
                                    gateway = { mode = "transport-only" } }
        t.gateway:start("initiate")
        t:await(5, function() return cluster.established[1] end,
                "an IKE SA of the gateway")
        t:expect_request({ sa = cluster.established[1],
                           exchange = "INFORMATIONAL", payload = 42 },
            { clauses = { "RFC7296-1.3.1-03" },
              text = "the Child SA that came as a tunnel is deleted" })
    end,
}
