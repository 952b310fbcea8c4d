return scenario {
    id = "rfc6311/counter-sync-unnegotiated",
    title = "A lone counter notify with Message ID 0 is out of the window",
    purpose = [[Replay counter synchronization was not negotiated, and alone it uses
the current Message ID, not zero. A gateway that lets it pass the window check
answers, or counts, a request that it must not see.]],
    clauses = { "RFC6311-5-02", "RFC6311-7-01" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster { replay_counter_sync = false }
        local sa = cluster:accept()
        sa:request_liveness(2)
        cluster:fail_over()
        local forged = sa:send { message_id = 0,
            payloads = { counter_notify(1000) },
            text = "16423 alone with Message ID 0" }
        t:expect_silence(forged, { clauses = { "RFC6311-7-01" },
            text = "a request outside the window is not answered" })
        t:expect_answer(sa:start_liveness(), { clauses = { "RFC7296-1.4-04" },
            text = "the next Message ID is still the next one" })
    end,
}
