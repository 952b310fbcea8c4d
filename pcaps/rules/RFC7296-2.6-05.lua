local message = require "lib.message"

return reference {
    clause = "RFC7296-2.6-05",
    title = "The cookie comes first in the repeated request",
    wrong = "it comes last",
    play = function(t)
        t:peer {cookie = true}:accept(3)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "IKE_SA_INIT", response = false,
            notify = "COOKIE", before_seal = function(m)
                table.insert(m.payloads, message.remove(m, "COOKIE"))
                return m
            end}
    end,
}
