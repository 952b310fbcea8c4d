local message = require "lib.message"

return reference {
    clause = "RFC7383-2.4-01",
    title = "Messages are fragmented if both have announced it",
    wrong = "the initiator had not",
    play = function(t, violating)
        t:peer {fragmentation = not violating}:accept()
        message.send_parts(t.gateway, message.parts(200))
        t:elapse(0.1)
    end,
}
