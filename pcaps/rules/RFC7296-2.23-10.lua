return reference {
    clause = "RFC7296-2.23-10",
    title = "A copy of an old message moves nobody",
    wrong = "requests go where a replayed one came from",
    play = function(t, violating)
        local cluster = t:cluster {encapsulate = false, loose = true,
                                   gateway = {encapsulate = false}}
        local sa = cluster:accept()
        local request = sa:send {text = "a request"}
        t:elapse(0.5)
        sa:replay(request, {source = "192.0.2.12"})
        t:elapse(3)
        t.gateway:send {message_id = t.gateway:sa().next_send,
                        destination = violating and "192.0.2.12" or "192.0.2.1"}
        t:elapse(0.1)
    end,
}
