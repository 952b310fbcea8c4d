local message = require "lib.message"

return reference {
    clause = "RFC7296-2.9-01",
    title = "The responder narrows Traffic Selectors",
    wrong = "it makes them wider",
    play = function(t)
        local sa = t:peer():accept()
        pcall(sa.create_child, sa)
        t:elapse(0.2)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = true,
            before_seal = message.change(45, function(p)
                p.body = message.patch(p.body, 13, "\0\0\0\0\255\255\255\255")
            end)}
    end,
}
