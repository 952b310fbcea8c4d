return scenario {
    id = "rfc4303/dummy-packets",
    title = "Dummy packets are discarded, and their numbers are used",
    purpose = [[Next Header 59 hides when there is traffic (2.6). What such a packet
holds is noise, even if it looks like a packet for somebody; its number must not
come again.]],
    clauses = { "RFC4303-3.4.4.1-02" },
    run = function(t)
        local cluster = t:peer {}
        local sa = cluster:accept()
        sa:traffic(2)
        local dummy = sa:ping { next_header = 59 }
        t:expect_undelivered(dummy, { clauses = { "RFC4303-3.4.4.1-02" },
            within = 0.5, text = "the content of a dummy packet" })
        t:expect_undelivered(sa:ping { number = sa:esp().sent },
            { clauses = { "RFC4303-3.4.4.1-02" }, within = 0.5,
              text = "a packet with the dummy's number" })
        sa:traffic(2)
    end,
}
