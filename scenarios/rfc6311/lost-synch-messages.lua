return scenario {
    id = "rfc6311/lost-synch-messages",
    title = "A member that missed Message IDs catches up with a larger M1",
    purpose = [[The synch channel loses the updates, so the new member's first M1 is
stale and has to be dropped. Its second try, well above, has to work: this is how
a real cluster survives a lagging synch channel.]],
    clauses = { "RFC6311-5.1-05", "RFC6311-5-04" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        cluster:synch("message_id", "lose")
        sa:request_liveness(4)
        local used = sa.sent.highest
        cluster:fail_over()
        local first = sa:synchronize { m1 = sa.sent.next }
        t:watch(first)
        t:expect_answer(sa:synchronize { m1 = used + 10 },
            { clauses = { "RFC6311-5-04" },
              text = "the estimate well above is answered" })
        sa:request_liveness(2)
    end,
}
