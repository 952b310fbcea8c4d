local message = require "lib.message"

return reference {
    clause = "RFC7383-2.2-01",
    title = "IKE_SA_INIT is not fragmented",
    wrong = "IKE_SA_INIT with an Encrypted Fragment payload",
    play = function(t)
        t:peer():accept(3)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "IKE_SA_INIT", response = false, limit = 1,
            before_seal = message.add(payload("SKF", "\0\1\0\1" .. ("x"):rep(48)))}
    end,
}
