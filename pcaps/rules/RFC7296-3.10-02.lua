local message = require "lib.message"

return reference {
    clause = "RFC7296-3.10-02",
    title = "A notify without an SPI has the Protocol ID 0",
    wrong = "SET_WINDOW_SIZE with Protocol ID 1",
    play = function(t)
        t:peer {gateway = {window = 4}}:accept()
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "IKE_AUTH",
            before_seal = message.change("SET_WINDOW_SIZE", function(p)
                p.protocol = 1
            end)}
    end,
}
