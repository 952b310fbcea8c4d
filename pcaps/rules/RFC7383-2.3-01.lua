local message = require "lib.message"

return reference {
    clause = "RFC7383-2.3-01",
    title = "A responder announces fragmentation if the initiator did",
    wrong = "the responder announces it although the initiator did not",
    role = "responder",
    verdict = "warning",
    play = function(t, violating)
        t:peer {fragmentation = not violating}:connect()
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "IKE_SA_INIT", response = true,
            before_seal = message.add(notify("IKEV2_FRAGMENTATION_SUPPORTED"))}
    end,
}
