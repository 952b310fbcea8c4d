return reference {
    clause = "RFC6311-7-01",
    title = "Between failover and synchronization the window holds",
    wrong = "a request beyond the window is answered",
    record = true,
    also = {"RFC7296-2.3-12"},
    play = function(t)
        local cluster = t:cluster()
        local sa = cluster:accept()
        sa:request_liveness(1)
        cluster:fail_over()
        t:watch(sa:send {message_id = sa.sent.next + 5,
                         text = "a request beyond the window"})
        sa:request_liveness(1)
    end,
    violate = function(t)
        t.gateway:defect("answers-out-of-window")
    end,
}
