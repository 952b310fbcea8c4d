local message = require "lib.message"

return reference {
    clause = "RFC7296-1.4.1-07",
    title = "The response to a Delete of the IKE SA is empty",
    wrong = "it holds a Delete",
    play = function(t)
        local sa = t:peer():accept()
        sa:delete()
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "INFORMATIONAL", response = true,
                          before_seal = message.add(delete_payload())}
    end,
}
