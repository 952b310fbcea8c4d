return scenario {
    id = "rfc6311/no-negotiation",
    title = "A synchronization that was not negotiated is not answered",
    purpose = [[Support counts only where both sides asserted it in IKE_AUTH. A
peer that acts on an unnegotiated request lets a member move counters that the
two sides never agreed to move.]],
    clauses = { "RFC6311-5-02" },
    run = function(t)
        local cluster = t:cluster { message_id_sync = false,
                                    replay_counter_sync = false }
        local sa = cluster:accept()
        sa:request_liveness(2)
        cluster:fail_over()
        local sync = sa:send {
            message_id = 0,
            payloads = { sync_notify(random(4), sa.sent.next + 1,
                                     sa.received.next) },
        }
        t:watch(sync)
        sa:request_liveness(1)
    end,
}
