return reference {
    clause = "RFC6311-8.1-01",
    title = "Once it has sent P1 a member drops what is outside of its window",
    wrong = "a request beyond the window is answered",
    gateway = "cluster",
    also = {"RFC7296-2.3-12"},
    play = function(t, violating)
        local cluster = t:peer {gateway = {members = 2, takeover = "by-hand"}}
        local sa = cluster:accept()
        sa:request_liveness(1)
        cluster:tamper {response = true, notify = "IKEV2_MESSAGE_ID_SYNC",
                        delay = 1, text = "our answer is late"}
        t.gateway:fail("crash")
        t:elapse(0.5)
        t.gateway:synchronize()
        t:elapse(0.5)
        local request = sa:send {message_id = sa.sent.next + 5,
                                 text = "a request beyond the window"}
        t:elapse(0.1)
        if violating then
            t.gateway:send {response = true, message_id = request.message_id}
        end
        t:elapse(0.8)
    end,
}
