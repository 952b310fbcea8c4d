return reference {
    clause = "RFC7296-3.10-03",
    title = "A Protocol ID without an SPI is passed over",
    wrong = "a status notify with Protocol ID 1 and no SPI is refused",
    play = function(t)
        local sa = t:peer():accept()
        local unknown = notify(40959)
        unknown.protocol = 1
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
