local message = require "lib.message"

return reference {
    clause = "RFC7383-2.6-03",
    title = "A fragment with a wrong ICV is dropped",
    wrong = "it counts: the message is answered",
    play = function(t, violating)
        local sa = t:peer():accept()
        sa:request_liveness(1)
        local sent = message.send_parts(sa, message.parts(200), nil,
            {[2] = {corrupt = -1, text = "a fragment with a wrong ICV"}})
        t:elapse(0.1)
        if violating then
            t.gateway:send {response = true, message_id = sent[1].message_id}
        else
            message.send_parts(sa, message.parts(200))
        end
        t:elapse(0.1)
    end,
}
