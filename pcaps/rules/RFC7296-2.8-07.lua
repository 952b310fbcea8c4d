local message = require "lib.message"

return reference {
    clause = "RFC7296-2.8-07",
    title = "A new Child SA is accepted before the response that makes it is sent",
    wrong = "INVALID_SPI for it just after the response",
    play = function(t, violating)
        local sa = t:peer():accept()
        local old = sa.children[1].spi_out
        sa:create_child()
        for _, child in ipairs(violating and sa.children or {}) do
            if child.spi_out ~= old then
                message.inform(t, notify("INVALID_SPI",
                                         string.pack(">I4", child.spi_out)))
            end
        end
        t:elapse(0.1)
    end,
}
