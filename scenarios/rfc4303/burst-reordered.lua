return scenario {
    id = "rfc4303/burst-reordered",
    title = "Packets in any order, as long as they are within the window",
    purpose = [[A burst that a network has shuffled: backwards, in halves, and with two
packets lost. Everything that arrives is delivered, once.]],
    clauses = { "RFC4303-3.4.3-07", "RFC4303-3.4.3-05" },
    run = function(t)
        local cluster = t:peer {}
        local sa = cluster:accept()
        sa:traffic(1)
        local backwards = {}
        for i = 31, 1, -1 do
            backwards[#backwards + 1] = i
        end
        for _, order in ipairs {
            { 3, 1, 2 },
            { 8, 7, 6, 5, 4, 3, 2, 1 },
            { 5, 1, 6, 2, 8, 4 },
            backwards,
        } do
            local probes = sa:burst { order = order }
            for _, i in ipairs(order) do
                t:expect_delivered(probes[i],
                    { clauses = { "RFC4303-3.4.3-07" }, within = 2,
                      text = string.format("number %d of %d, sent in the " ..
                          "order %s", i, #probes, table.concat(order, " ")) })
            end
        end
        sa:traffic(1)
    end,
}
