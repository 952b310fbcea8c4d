local message = require "lib.message"

return reference {
    clause = "RFC7383-2.4-03",
    title = "What is small is not fragmented",
    wrong = "an empty request in an Encrypted Fragment payload",
    play = function(t, violating)
        t:peer():accept()
        if violating then
            t.gateway:send {fragment = {number = 1, total = 1}}
        else
            message.send_parts(t.gateway, message.parts(200))
        end
        t:elapse(0.1)
    end,
}
