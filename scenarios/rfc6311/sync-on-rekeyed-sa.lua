return scenario {
    id = "rfc6311/sync-on-rekeyed-sa",
    title = "The capability is inherited by a rekeyed IKE SA",
    purpose = [[On a rekeyed IKE SA Message IDs start again at 0, and the first
regular request has the Message ID of a synchronization. Both must work: the
synchronization is known by its notify, not by its number.]],
    clauses = { "RFC6311-5-04", "RFC6311-7-01" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept():rekey()
        sa:request_liveness(3)
        cluster:fail_over()
        t:expect_answer(sa:synchronize {}, { clauses = { "RFC6311-5-04" },
            text = "the synchronization of a rekeyed IKE SA is answered" })
        sa:request_liveness(2)
    end,
}
