return reference {
    clause = "RFC7296-2.3-08",
    title = "Each of several requests is repeated in the same octets",
    wrong = "one is sealed again",
    record = true,
    play = function(t, violating)
        local cluster = t:peer {window = 3}
        cluster:accept()
        cluster:tamper {exchange = "INFORMATIONAL", response = true, drop = true,
            limit = 2, text = "our answer is lost"}
        local octets = t.gateway:send {message_id = 2}
        t.gateway:send {message_id = 3}
        t:elapse(1)
        t.gateway:send {message_id = 2, octets = not violating and octets or nil}
        t:elapse(0.2)
    end,
}
