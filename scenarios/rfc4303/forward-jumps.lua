return scenario {
    id = "rfc4303/forward-jumps",
    title = "However far ahead, a number that verifies is the new highest",
    purpose = [[A member that takes over skips far ahead (RFC 6311 5.2). Each jump must
be followed at once, up to the last number there is.]],
    clauses = { "RFC4303-3.4.3-08", "RFC4303-3.4.3-05", "RFC6311-8.2-01" },
    run = function(t)
        local cluster = t:peer {}
        local sa = cluster:accept()
        sa:traffic(1)
        local before = sa:ping()
        t:expect_delivered(before)
        for _, jump in ipairs { 1 << 10, 1 << 16, 1 << 30, 1 << 31 } do
            sa:skip(jump)
            t:expect_delivered(sa:ping(), { clauses = { "RFC4303-3.4.3-08" },
                text = string.format("%d numbers further on", jump) })
        end
        t:expect_undelivered(sa:replay(before),
            { clauses = { "RFC4303-3.4.3-05" }, within = 0.5,
              text = "what came before the jumps is not new" })
        sa:skip(0xffffffff - sa:esp().sent - 1)
        t:expect_delivered(sa:ping(), { clauses = { "RFC4303-3.4.3-08" },
            text = "2^32 - 1 is a number like any other" })
    end,
}
