local message = require "lib.message"

return reference {
    clause = "RFC7296-3.11-01",
    title = "The Delete of the IKE SA has the SPI Size 0",
    wrong = "its SPI Size is 8",
    play = function(t)
        t:peer():accept()
        t.gateway:terminate("ike")
        t:elapse(0.3)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "INFORMATIONAL", response = false,
            before_seal = message.change(42, function(p, m)
                p.body = "\1\8\0\1" .. string.pack(">i8", m.spi_i)
            end)}
    end,
}
