return reference {
    clause = "RFC7296-3.10.1-02",
    title = "Unknown notifies in a request are ignored",
    wrong = "an unknown status notify is answered with INVALID_SYNTAX",
    play = function(t)
        local sa = t:peer():accept()
        local unknown = notify(40959)
        unknown.protocol = 0
        t:watch(sa:send {payloads = {unknown}})
    end,
    violate = function(t)
        t.gateway:tamper {
            exchange = "INFORMATIONAL", response = true,
            before_seal = function(message)
                message.payloads = {notify("INVALID_SYNTAX")}
                return message
            end,
        }
    end,
}
