local message = require "lib.message"

return reference {
    clause = "RFC7296-1.4.1-09",
    title = "The SPI of a half-closed pair is not given again",
    wrong = "a new Child SA has it",
    also = {"RFC7296-1.4.1-04"},
    play = function(t, violating)
        local sa = t:peer():accept()
        local old = string.pack(">I4", t.gateway:sa().children[1].spi_in)
        if violating then
            t.gateway:tamper {exchange = "INFORMATIONAL", response = true,
                              before_seal = message.replace()}
            t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = false,
                before_seal = message.change(33, function(p)
                    p.body = message.patch(p.body, 9, old)
                end)}
        end
        sa:delete_child(sa.children[1].spi_in)
        t:elapse(0.2)
        t.gateway:operate("create_child")
        t:elapse(0.2)
    end,
}
