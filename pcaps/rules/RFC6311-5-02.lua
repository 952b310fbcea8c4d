return reference {
    clause = "RFC6311-5-02",
    title = "A synchronization that was not negotiated is not acted on",
    wrong = "it is answered with 16422",
    play = function(t)
        local cluster = t:cluster {message_id_sync = false,
                                   replay_counter_sync = false}
        local sa = cluster:accept()
        cluster:fail_over()
        t:watch(sa:send {message_id = 0,
            payloads = {sync_notify("abcd", sa.sent.next + 1, sa.received.next)},
            text = "16422, which was not negotiated"})
    end,
    violate = function(t)
        t.gateway:defect("answers-unnegotiated-sync")
    end,
}
