return scenario {
    id = "rfc4303/corrupted-packets",
    title = "A damaged packet leaves no trace, and the true one is accepted",
    purpose = [[One octet of header, IV, content or ICV changed, or the ICV cut short:
the packet is discarded, and its number is still free for the packet that was really
sent. Otherwise anybody on the path decides which packets are lost.]],
    clauses = { "RFC4303-3.4.3-08", "RFC4303-3.4.3-09", "RFC4303-3.4.3-14",
                "RFC4303-3.4.4.2-01" },
    run = function(t)
        local cluster = t:peer {}
        local sa = cluster:accept()
        sa:traffic(2)
        local number
        local function bad(fields, clause, text)
            fields.number = number
            t:expect_undelivered(sa:ping(fields), { within = 0.2,
                clauses = { clause }, text = text })
        end
        for _, ahead in ipairs { 1, 20, 40 } do
            number = sa:esp().sent + ahead
            bad({ corrupt = -1 }, "RFC4303-3.4.4.2-01", "last octet of the ICV")
            bad({ corrupt = -16 }, "RFC4303-3.4.4.2-01", "first of the ICV")
            bad({ corrupt = 30 }, "RFC4303-3.4.4.2-01", "an octet of content")
            bad({ corrupt = 12 }, "RFC4303-3.4.4.2-01", "an octet of the IV")
            bad({ corrupt = 7 }, "RFC4303-3.4.3-14", "the sequence number")
            bad({ cut = 4 }, "RFC4303-3.4.4.2-01", "the ICV 4 octets short")
            bad({ cut = 16 }, "RFC4303-3.4.4.2-01", "no ICV")
            sa:skip(ahead - 1)
            t:expect_delivered(sa:ping(), { clauses = { "RFC4303-3.4.3-09" },
                text = "the true packet of that number" })
        end
        number = sa:esp().sent - 10
        bad({ corrupt = -2 }, "RFC4303-3.4.3-09", "damaged, inside the window")
        t:expect_delivered(sa:ping { number = number }, { within = 2,
            clauses = { "RFC4303-3.4.3-09" }, text = "the true one, late" })
        sa:traffic(1, { clauses = { "RFC4303-3.4.3-08" },
            text = "the window has not moved" })
    end,
}
