return reference {
    clause = "RFC7296-3.1-04",
    title = "Minor versions are passed over",
    wrong = "a request of version 2.1 is refused with INVALID_MAJOR_VERSION",
    play = function(t)
        local sa = t:peer():accept()
        t:watch(sa:send {version = 0x21})
    end,
    violate = function(t)
        t.gateway:tamper {
            exchange = "INFORMATIONAL", response = true,
            before_seal = function(message)
                message.payloads = {notify("INVALID_MAJOR_VERSION", "\x20")}
                return message
            end,
        }
    end,
}
