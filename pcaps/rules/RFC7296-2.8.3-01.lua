local message = require "lib.message"

return reference {
    clause = "RFC7296-2.8.3-01",
    title = "IKE_AUTH rekeys nothing",
    wrong = "REKEY_SA in IKE_AUTH",
    play = function(t)
        t:peer():accept(3)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "IKE_AUTH", response = false,
            before_seal = message.add(
                notify("REKEY_SA", "", {protocol = 3, spi = "abcd"}))}
    end,
}
