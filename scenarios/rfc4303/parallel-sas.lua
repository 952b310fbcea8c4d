return scenario {
    id = "rfc4303/parallel-sas",
    title = "Parallel SAs with equal selectors, packet by packet",
    purpose = [[The members of a load sharing cluster have each their own (RFC 6027
3.7). Packets of all of them come interleaved; each SA has a window of its own.]],
    clauses = { "RFC4301-4.1-01", "RFC4301-4.1-02", "RFC4303-3.4.3-04",
                "RFC4303-3.4.3-05" },
    run = function(t)
        local cluster = t:peer {}
        local sa = cluster:accept()
        sa:create_child()
        sa:create_child()
        local children = {}
        for i, child in ipairs(sa.children) do
            children[i] = child.spi_in
        end
        if #children ~= 3 then
            t:inconclusive("there are %d Child SAs, not 3", #children)
        end
        local probes = {}
        for round = 1, 3 do
            for i, child in ipairs(children) do
                local probe = sa:ping { child = child, sequence = round }
                probes[#probes + 1] = probe
                t:expect_delivered(probe, { clauses = { "RFC4301-4.1-02",
                    "RFC4303-3.4.3-04" }, text = string.format(
                    "packet %d on Child SA %d of 3", round, i) })
            end
        end
        for _, probe in ipairs(probes) do
            t:expect_undelivered(sa:replay(probe), { within = 0.1,
                clauses = { "RFC4303-3.4.3-05" }, text = "seen before" })
        end
        t:expect_answer(sa:start_liveness(), {})
        t:expect_delivered(sa:ping { child = children[3] },
            { clauses = { "RFC4301-4.1-01" }, text = "the oldest one lives" })
    end,
}
