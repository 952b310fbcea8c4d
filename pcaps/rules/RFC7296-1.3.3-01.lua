local message = require "lib.message"

return reference {
    clause = "RFC7296-1.3.3-01",
    title = "REKEY_SA names the SPI that its sender receives on, without data",
    wrong = "REKEY_SA names the SPI that the other side receives on",
    play = function(t)
        t:peer():accept()
        t.gateway:rekey("child")
        t:elapse(0.3)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = false,
            before_seal = message.change("REKEY_SA", function(p)
                local child = t.gateway:sa().children[1]
                p.spi = string.pack(">I4", child.spi_out)
            end)}
    end,
}
