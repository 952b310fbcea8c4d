return reference {
    clause = "RFC6311-5-05",
    title = "16422 travels in INFORMATIONAL exchanges",
    wrong = "the response with 16422 is a CREATE_CHILD_SA message",
    play = function(t)
        local cluster = t:cluster()
        local sa = cluster:accept()
        cluster:fail_over()
        t:watch(sa:synchronize {})
    end,
    violate = function(t)
        t.gateway:tamper {response = true, notify = "IKEV2_MESSAGE_ID_SYNC",
            before_seal = function(message)
                message.exchange = 36
                return message
            end}
    end,
}
