local message = require "lib.message"

return reference {
    clause = "RFC7296-3.10-04",
    title = "A notify about the IKE SA has no SPI",
    wrong = "SET_WINDOW_SIZE with an SPI of 8 octets",
    play = function(t)
        t:peer {gateway = {window = 4}}:accept()
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "IKE_AUTH",
            before_seal = message.change("SET_WINDOW_SIZE", function(p, m)
                p.protocol = 1
                p.spi = string.pack(">i8", m.spi_i)
            end)}
    end,
}
