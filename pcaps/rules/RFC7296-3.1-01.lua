return reference {
    clause = "RFC7296-3.1-01",
    title = "The initiator's SPI is not 0",
    wrong = "IKE_SA_INIT with an initiator's SPI of 0",
    play = function(t)
        t:peer():accept(3)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "IKE_SA_INIT", response = false,
            after_seal = function(octets)
                return ("\0"):rep(8) .. octets:sub(9)
            end, limit = 1}
    end,
}
