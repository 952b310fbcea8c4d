return reference {
    clause = "RFC6311-5.1-08",
    title = "The synchronization response repeats the request's nonce",
    wrong = "the response carries another nonce than the request",
    play = function(t)
        local cluster = t:cluster {members = 2}
        local sa = cluster:accept()
        cluster:fail_over()
        t:watch(sa:synchronize {})
    end,
    violate = function(t)
        t.gateway:tamper {
            exchange = "INFORMATIONAL", response = true, message_id = 0,
            before_seal = function(message)
                local n = message.payloads[1]
                n.data = "\0\0\0\0" .. n.data:sub(5)
                return message
            end,
        }
    end,
}
