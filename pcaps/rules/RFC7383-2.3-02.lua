local message = require "lib.message"

return reference {
    clause = "RFC7383-2.3-02",
    title = "16430 has the Protocol ID 0",
    wrong = "16430 with Protocol ID 1",
    also = {"RFC7296-3.10-02"},
    play = function(t)
        t:peer():accept(3)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "IKE_SA_INIT", response = false,
            before_seal = message.change("IKEV2_FRAGMENTATION_SUPPORTED",
                function(p)
                    p.protocol = 1
                end)}
    end,
}
