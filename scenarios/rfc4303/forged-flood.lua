return scenario {
    id = "rfc4303/forged-flood",
    title = "A flood of forgeries between genuine packets disturbs nothing",
    purpose = [[Many failures in a row may start a resynchronization (appendix A3); it
must not cost a genuine packet, and nothing is sent back for each forgery.]],
    clauses = { "RFC4303-A3.1-01", "RFC4303-4-01", "RFC4303-3.4.3-09" },
    run = function(t)
        local cluster = t:peer {}
        local sa = cluster:accept()
        sa:traffic(2)
        for _ = 1, 4 do
            local forged = sa:ping { number = sa:esp().sent + 200,
                                     corrupt = -5, times = 50 }
            sa:traffic(1, { clauses = { "RFC4303-A3.1-01" },
                text = "a genuine packet behind 50 forgeries" })
            t:expect_undelivered(forged, { within = 0.2,
                clauses = { "RFC4303-3.4.3-09" },
                text = "no forgery is delivered" })
        end
    end,
}
