local message = require "lib.message"

return reference {
    clause = "RFC7296-2.3-01",
    title = "SET_WINDOW_SIZE has 4 octets",
    wrong = "it has 2",
    play = function(t)
        t:peer {gateway = {window = 4}}:accept()
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "IKE_AUTH",
            before_seal = message.change("SET_WINDOW_SIZE", function(p)
                p.data = "\0\4"
            end)}
    end,
}
