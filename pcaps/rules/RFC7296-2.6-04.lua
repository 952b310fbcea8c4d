local message = require "lib.message"

return reference {
    clause = "RFC7296-2.6-04",
    title = "A cookie has 1 to 64 octets",
    wrong = "it has 65",
    role = "responder",
    play = function(t)
        t:peer {gateway = {cookie = true}}:connect {seconds = 3}
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "IKE_SA_INIT", response = true, limit = 1,
            before_seal = message.change("COOKIE", function(p)
                p.data = ("c"):rep(65)
            end)}
    end,
}
