return scenario {
    id = "rfc4303/forged-packet",
    title = "A forged packet with a high number does not move the window",
    purpose = [[Anybody can send a packet with a huge sequence number. If the window
moved before the ICV is checked, one packet would shut the genuine sender out.]],
    clauses = { "RFC4303-3.4.3-08", "RFC4303-3.4.3-09" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:traffic(2)
        local number = sa:esp().sent
        for _, ahead in ipairs { 1, 5000, 1 << 30 } do
            local forged = sa:ping { number = number + ahead, corrupt = -3 }
            t:expect_undelivered(forged, { clauses = { "RFC4303-3.4.3-09" },
                within = 0.3, text = "the forged packet is discarded" })
        end
        sa:traffic(3, { clauses = { "RFC4303-3.4.3-08" },
            text = "the genuine numbers are still accepted" })
    end,
}
