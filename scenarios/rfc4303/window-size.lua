return scenario {
    id = "rfc4303/window-size",
    title = "The replay window holds 32 packets, better 64",
    purpose = [[A number never seen, at the left edge of a window of 32 and of one of
64. What a gateway with a smaller window drops was only reordered.]],
    clauses = { "RFC4303-3.4.3-10", "RFC4303-3.4.3-11", "RFC4303-3.4.3-07",
                "RFC4303-3.4.3-12" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:traffic(1)
        sa:skip(200)
        sa:traffic(1)
        local highest = sa:esp().sent
        for _, probe in ipairs {
            { 31, "RFC4303-3.4.3-10", "31 behind the highest: inside 32" },
            { 63, "RFC4303-3.4.3-11", "63 behind the highest: inside 64" },
        } do
            local number = highest - probe[1]
            t:expect_delivered(sa:ping { number = number },
                { clauses = { probe[2] }, within = 2, text = probe[3] })
        end
        sa:traffic(1)
    end,
}
