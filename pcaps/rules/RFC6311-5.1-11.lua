return reference {
    clause = "RFC6311-5.1-11",
    title = "A synchronization response has the Message ID 0",
    wrong = "its Message ID is 1",
    play = function(t)
        local cluster = t:cluster()
        local sa = cluster:accept()
        cluster:fail_over()
        t:watch(sa:synchronize {})
    end,
    violate = function(t)
        t.gateway:defect("response-with-message-id-1")
    end,
}
