local message = require "lib.message"

return reference {
    clause = "RFC7296-2.25.1-05",
    title = "A Delete of an unknown Child SA is answered without one",
    wrong = "the response has a Delete",
    play = function(t)
        local sa = t:peer():accept()
        sa:send {payloads = {delete_payload {0x61616161}},
                 text = "a Delete of a Child SA that does not exist"}
        t:elapse(0.2)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "INFORMATIONAL", response = true,
                          before_seal = message.add(delete_payload {0x62626262})}
    end,
}
