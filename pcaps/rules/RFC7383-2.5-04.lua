local message = require "lib.message"

return reference {
    clause = "RFC7383-2.5-04",
    title = "All fragments of a message have its header",
    wrong = "the second one has another exchange type",
    play = function(t, violating)
        t:peer():accept()
        message.send_parts(t.gateway, message.parts(200), nil, {
            [2] = {exchange = violating and 36 or 37}})
        t:elapse(0.1)
    end,
}
