local message = require "lib.message"

return reference {
    clause = "RFC7296-1.4.1-02",
    title = "A Delete names the SPI that its sender receives on",
    wrong = "it names the SPI that the other side receives on",
    play = function(t)
        t:peer():accept()
        t.gateway:terminate("child")
        t:elapse(0.3)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "INFORMATIONAL", response = false,
            before_seal = message.change(42, function(p)
                local child = t.gateway:sa().children[1]
                p.body = p.body:sub(1, 4) .. string.pack(">I4", child.spi_out)
            end)}
    end,
}
