local message = require "lib.message"

return reference {
    clause = "RFC7296-2.4-16",
    title = "A Child SA that is given up is deleted",
    wrong = "INVALID_SPI for one that was never deleted",
    play = function(t, violating)
        t:peer():accept()
        t:elapse(35)
        local child = t.gateway:sa().children[1]
        if violating then
            message.inform(t, notify("INVALID_SPI",
                                     string.pack(">I4", child.spi_in)))
        else
            t.gateway:operate("delete_child", nil, child.spi_in)
            t:elapse(0.2)
        end
    end,
}
