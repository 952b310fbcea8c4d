local message = require "lib.message"

return reference {
    clause = "RFC7296-2.10-01",
    title = "A nonce has 16 octets or more",
    wrong = "it has 8",
    play = function(t)
        t:peer():accept()
        t.gateway:operate("create_child")
        t:elapse(0.2)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = false,
            before_seal = message.change(40, function(p)
                p.body = p.body:sub(1, 8)
            end)}
    end,
}
