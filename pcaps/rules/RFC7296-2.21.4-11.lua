local message = require "lib.message"

return reference {
    clause = "RFC7296-2.21.4-11",
    title = "A protected INVALID_SPI changes no SA",
    wrong = "the SA is given up after it",
    play = function(t, violating)
        local sa = t:peer():accept()
        t:elapse(35)
        local child = t.gateway:sa().children[1]
        sa:send {payloads = {notify("INVALID_SPI",
                                    string.pack(">I4", child.spi_out))},
                 text = "INVALID_SPI, protected"}
        t:elapse(0.2)
        if violating then
            message.inform(t, notify("INVALID_SPI",
                                     string.pack(">I4", child.spi_in)))
        end
        t:elapse(0.2)
    end,
}
