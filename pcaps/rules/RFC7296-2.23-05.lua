local message = require "lib.message"

return reference {
    clause = "RFC7296-2.23-05",
    title = "Both kinds of NAT_DETECTION or none",
    wrong = "NAT_DETECTION_SOURCE_IP alone",
    play = function(t)
        t:peer():accept(3)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "IKE_SA_INIT", response = false,
            before_seal = function(m)
                message.remove(m, "NAT_DETECTION_DESTINATION_IP")
                return m
            end}
    end,
}
