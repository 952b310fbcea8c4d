local message = require "lib.message"

return reference {
    clause = "RFC7296-2.7-02",
    title = "The KE payload is of a method that is proposed",
    wrong = "it is of another one",
    play = function(t)
        t:peer():accept()
        t.gateway:rekey("ike")
        t:elapse(0.3)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = false,
            before_seal = message.change(34, function(p)
                p.body = message.patch(p.body, 1, "\0\32")
            end)}
    end,
}
