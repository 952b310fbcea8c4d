local message = require "lib.message"

return reference {
    clause = "RFC7296-3.10-01",
    title = "A notify with an SPI names the protocol of a Child SA",
    wrong = "INVALID_SELECTORS with Protocol ID 1 and an SPI of 4 octets",
    play = function(t, violating)
        t:peer():accept()
        local spi = string.pack(">I4", t.gateway:sa().children[1].spi_in)
        message.inform(t, notify("INVALID_SELECTORS", ("\0"):rep(28),
                                 {protocol = violating and 1 or 3, spi = spi}))
    end,
}
