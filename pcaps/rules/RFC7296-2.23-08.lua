return reference {
    clause = "RFC7296-2.23-08",
    title = "Who is not behind a NAT follows a new address of the other side",
    wrong = "its requests go to the former address",
    play = function(t, violating)
        local cluster = t:cluster {encapsulate = false, loose = true,
                                   gateway = {encapsulate = false}}
        local sa = cluster:accept()
        sa:send {source = "192.0.2.12", text = "a request from another address"}
        t:elapse(3)
        t.gateway:send {message_id = t.gateway:sa().next_send,
                        destination = violating and "192.0.2.1" or "192.0.2.12"}
        t:elapse(0.1)
    end,
}
