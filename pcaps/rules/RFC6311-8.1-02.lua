return reference {
    clause = "RFC6311-8.1-02",
    title = "After its answer the peer drops what is below M2",
    wrong = "a request below M2 is answered",
    play = function(t)
        local cluster = t:cluster()
        local sa = cluster:accept()
        cluster:fail_over()
        t:watch(sa:synchronize {m1 = sa.sent.next + 10})
        t:watch(sa:send {message_id = sa.sent.next - 1,
                         text = "a request below M2"})
    end,
    violate = function(t)
        t.gateway:defect("answers-below-m2")
    end,
}
