return scenario {
    id = "rfc6311/cluster-spis",
    title = "Members choose no SPI twice",
    purpose = [[Many Child SAs through every member of a load sharing cluster, with failovers
in between. With one SPI for two SAs at one address, packets of the one arrive at the
other and are dropped.]],
    clauses = { "RFC6311-3.3-01", "RFC6027-3.9-01" },
    gateway = "cluster",
    needs = { "load_sharing" },
    run = function(t)
        local peer = t:peer { gateway = { members = 3, sharing = "sticky" } }
        local sas = { peer:accept() }
        for round = 1, 2 do
            for _ = 1, 6 do
                sas[#sas + 1] = peer:connect()
            end
            for _, sa in ipairs(sas) do
                if sa:exists() then
                    sa:create_child()
                    sa:traffic(1, { clauses = { "RFC6311-3.3-01" },
                        text = "its SPI is that of this Child SA alone" })
                end
            end
            if round == 1 then
                t.gateway:fail("crash", 1)
                t:elapse(1)
                t.gateway:recover(1)
            end
        end
    end,
}
