local message = require "lib.message"

return reference {
    clause = "RFC7296-2.25-05",
    title = "CHILD_SA_NOT_FOUND carries the SPI of REKEY_SA",
    wrong = "it carries another one",
    play = function(t)
        local sa = t:peer():accept()
        sa:send {exchange = "CREATE_CHILD_SA",
                 payloads = message.child("aaaa", 0x61626364),
                 text = "a rekey of a Child SA that does not exist"}
        t:elapse(0.2)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = true,
            before_seal = message.change("CHILD_SA_NOT_FOUND", function(p)
                p.spi = "zzzz"
            end)}
    end,
}
