return scenario {
    id = "rfc4303/held-back",
    title = "Packets that a network holds back arrive after the others",
    purpose = [[A queue lets some packets wait. They are new when they come, as long as
the window reaches back to them; one that is doubled on its way is still one.]],
    clauses = { "RFC4303-3.4.3-05", "RFC4303-3.4.3-07" },
    run = function(t)
        local cluster = t:peer {}
        local sa = cluster:accept()
        sa:traffic(2)
        local rule = cluster:tamper { esp = true, hold = true, limit = 2 }
        local held = { sa:ping { sequence = 1 }, sa:ping { sequence = 2 } }
        sa:traffic(10)
        for _, probe in ipairs(held) do
            t:expect_undelivered(probe, { within = 0.1,
                text = "it has not been sent yet" })
        end
        rule:release()
        for _, probe in ipairs(held) do
            t:expect_delivered(probe, { clauses = { "RFC4303-3.4.3-07" },
                text = "it comes late, and is new" })
        end
        cluster:tamper { esp = true, times = 3, limit = 1 }
        local probe = sa:ping()
        t:expect_delivered(probe)
        t:expect_undelivered(probe, { beyond = 1, within = 0.3,
            clauses = { "RFC4303-3.4.3-05" }, text = "one of three copies" })
        cluster:tamper { esp = true, delay = 0.2, limit = 1 }
        local slow = sa:ping { sequence = 7 }
        sa:traffic(3)
        t:expect_delivered(slow, { clauses = { "RFC4303-3.4.3-07" },
            text = "delayed by 0.2 s, overtaken by three" })
    end,
}
