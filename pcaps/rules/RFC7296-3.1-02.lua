local message = require "lib.message"

return reference {
    clause = "RFC7296-3.1-02",
    title = "The responder's SPI is 0 in the first message",
    wrong = "it is not",
    play = function(t)
        t:peer():accept(3)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "IKE_SA_INIT", response = false,
            after_seal = function(octets)
                return message.patch(octets, 9, "\1\2\3\4\5\6\7\8")
            end, limit = 1}
    end,
}
