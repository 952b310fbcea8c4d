return scenario {
    id = "rfc6027/cluster-spis",
    title = "IKE SPIs and ESP SPIs of all members differ",
    purpose = [[RFC 6027 3.9: all members set SAs up at the same time, started by us and by them.
One SPI for two SAs at one address makes the packets of one of them undeliverable.]],
    clauses = { "RFC6027-3.9-01", "RFC6311-3.3-01" },
    gateway = "cluster",
    needs = { "load_sharing" },
    run = function(t)
        local peer = t:peer { gateway = { members = 4, sharing = "sticky" } }
        peer:accept()
        for round = 1, 3 do
            for member = 1, 4 do
                t.gateway:initiate { member = member }
                t.gateway:wait()
                peer:connect()
            end
        end
        for _, sa in ipairs(peer.established) do
            sa:create_child()
            for _, child in ipairs(sa.children) do
                sa:traffic(1, { clauses = { "RFC6027-3.9-01" },
                    text = "its SPI is that of this Child SA alone" },
                    child.spi_in)
            end
        end
    end,
}
