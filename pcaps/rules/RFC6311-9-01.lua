return reference {
    clause = "RFC6311-9-01",
    title = "A synchronization request with a wrong ICV is not answered",
    wrong = "it is answered",
    play = function(t)
        local cluster = t:cluster()
        local sa = cluster:accept()
        cluster:fail_over()
        t:watch(sa:send {message_id = 0, corrupt = -1,
            payloads = {sync_notify("abcd", sa.sent.next + 1, sa.received.next)},
            text = "16422 with a wrong ICV"})
    end,
    violate = function(t)
        t.gateway:defect("answers-forged-sync")
    end,
}
