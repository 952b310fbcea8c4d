return scenario {
    id = "rfc4303/number-limit",
    title = "Sequence numbers end at 2^32 - 1 and do not begin again",
    purpose = [[A replay counter synchronization brings the gateway's number to a few
before its end. It may rekey, or fall silent; it must not send 1 again under the
same key, where each number was promised to come once.]],
    clauses = { "RFC4303-3.3.3-02", "RFC4303-2.2-04", "RFC6311-5.2-04" },
    needs = { "message_id_sync", "replay_counter_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:traffic(2)
        cluster:synch_counters()
        cluster:fail_over()
        cluster:tamper {
            exchange = "CREATE_CHILD_SA", response = true,
            text = "no new Child SA: the numbers must last",
            before_seal = function(message)
                message.payloads = { notify("NO_ADDITIONAL_SAS") }
                return message
            end,
        }
        local child = sa:esp().spi_in
        local left = 6
        t:expect_answer(sa:synchronize {
            delta = 0xffffffff - sa:esp().received - left },
            { clauses = { "RFC6311-5-04" } })
        t:elapse(0.3)
        for i = 1, left + 6 do
            sa:ping { sequence = i, child = child }
            t:elapse(0.3)
        end
        sa:request_liveness(1)
    end,
}
