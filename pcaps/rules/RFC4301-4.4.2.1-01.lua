local message = require "lib.message"

return reference {
    clause = "RFC4301-4.4.2.1-01",
    title = "Each inbound SA has an SPI of its own",
    wrong = "a new Child SA has the SPI of another one",
    play = function(t)
        t:peer():accept()
        t.gateway:operate("create_child")
        t:elapse(0.2)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = false,
            before_seal = message.change(33, function(p)
                local child = t.gateway:sa().children[1]
                p.body = message.patch(p.body, 9, string.pack(">I4", child.spi_in))
            end)}
    end,
}
