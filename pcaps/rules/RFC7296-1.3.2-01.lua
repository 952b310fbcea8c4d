local message = require "lib.message"

return reference {
    clause = "RFC7296-1.3.2-01",
    title = "The request that rekeys an IKE SA has a KE payload",
    wrong = "it has none",
    play = function(t)
        t:peer():accept()
        t.gateway:rekey("ike")
        t:elapse(0.3)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = false,
            before_seal = function(m)
                message.remove(m, 34)
                return m
            end}
    end,
}
