return scenario {
    id = "rfc6311/parallel-children",
    title = "Several Child SAs with the same selectors live side by side",
    purpose = [[Cluster members that share the load keep a pair of SAs each, since no
two may use one sequence number. A peer that clears away what looks redundant cuts
all members off but one.]],
    clauses = { "RFC6311-3.2-01" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        for _ = 1, 2 do
            sa:create_child()
        end
        t:expect_no_request({ sa = sa, payload = 42 },
            { clauses = { "RFC6311-3.2-01" }, within = 3,
              text = "no Child SA is deleted as redundant" })
        for _, child in ipairs(sa.children) do
            sa:traffic(2, { clauses = { "RFC6311-3.2-01" },
                text = "every one of them carries traffic" },
                child.spi_in)
        end
        sa:request_liveness(1)
    end,
}
