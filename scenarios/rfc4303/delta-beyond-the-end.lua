return scenario {
    id = "rfc4303/delta-beyond-the-end",
    title = "A delta that would make the numbers cycle is not added",
    purpose = [[RFC 6311 5.2 says that the counters are incremented; RFC 4303 3.3.3 that
they never cycle, and it wins (reading A13): the SA is rekeyed, or the delta is left
alone. Small numbers under the same key are what was recorded before.]],
    clauses = { "RFC4303-3.3.3-02", "RFC4303-2.2-01" },
    needs = { "message_id_sync", "replay_counter_sync" },
    run = function(t)
        local cluster = t:cluster { members = 3 }
        local sa = cluster:accept()
        sa:traffic(3)
        for _, delta in ipairs { 3 << 30, 3 << 29 } do
            cluster:synch_counters()
            cluster:fail_over()
            t:expect_answer(sa:synchronize { delta = delta })
            for i = 1, 20 do
                sa:ping { sequence = i }
                t:elapse(0.05)
            end
        end
        sa:request_liveness(1)
    end,
}
