return scenario {
    id = "rfc4303/window-slides",
    title = "Each number once, wherever the window stands",
    purpose = [[A bitmap that is not cleared when the window moves, or is cleared too
far, drops new packets or takes old ones. Numbers are left out, and filled in once the
window has moved by one, by nearly its width and by more.]],
    clauses = { "RFC4303-3.4.3-05", "RFC4303-3.4.3-07" },
    run = function(t)
        local cluster = t:peer {}
        local sa = cluster:accept()
        local sent = {}
        sa:traffic(1)
        for _, step in ipairs { 2, 3, 20, 30, 31, 32, 33, 64, 65, 2000 } do
            sa:skip(step - 1)
            sent[#sent + 1] = sa:ping()
            t:expect_delivered(sent[#sent])
            local gap = sa:ping { number = sa:esp().sent - 1 }
            t:expect_delivered(gap, { clauses = { "RFC4303-3.4.3-07" },
                within = 2, text = "the number before the highest is new" })
            sent[#sent + 1] = gap
        end
        for i = #sent - 3, #sent do
            t:expect_undelivered(sa:replay(sent[i]), { within = 0.2,
                clauses = { "RFC4303-3.4.3-05" }, text = "seen before" })
        end
        sa:traffic(1)
    end,
}
