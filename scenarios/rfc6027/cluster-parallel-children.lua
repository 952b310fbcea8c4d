return scenario {
    id = "rfc6027/cluster-parallel-children",
    title = "A Child SA for every member, all with equal selectors",
    purpose = [[RFC 6027 3.7, RFC 6311 3.2 and 3.3: with parallel Child SAs no two members share
counters or IVs. One flow of ours goes over all of them by turns, and the answers come
back, whichever member gets it.]],
    clauses = { "RFC6027-3.7-04", "RFC6311-3.3-01", "RFC6311-3.4-51" },
    gateway = "cluster",
    needs = { "load_sharing", "traffic" },
    run = function(t)
        local sa = t:peer { gateway = { members = 3,
                                        sharing = "duplicate" } }:accept()
        t:await(5, function() return #sa.children == 3 end,
                "a Child SA for each of three members")
        for _ = 1, 3 do
            for _, child in ipairs(sa.children) do
                sa:traffic(1, { clauses = { "RFC6027-3.7-04" },
                    text = "one flow over every Child SA" }, child.spi_in)
            end
            t.gateway:await_traffic(9)
        end
        t.gateway:fail("crash", 2)
        t:elapse(2)
        for _, child in ipairs(sa.children) do
            sa:traffic(1, { clauses = { "RFC6027-3.7-04" },
                text = "one flow over every Child SA" }, child.spi_in)
        end
        t.gateway:await_traffic(9)
    end,
}
