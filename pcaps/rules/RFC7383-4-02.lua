local message = require "lib.message"

return reference {
    clause = "RFC7383-4-02",
    title = "A message is answered when all its fragments have arrived",
    wrong = "the response comes after the first of two",
    play = function(t, violating)
        local sa = t:peer():accept()
        sa:request_liveness(1)
        local parts = message.parts(200)
        local first = sa:send {fragment = {number = 1, total = 2, next = 41,
                                           chunk = parts[1]}}
        t:elapse(0.1)
        if violating then
            t.gateway:send {response = true, message_id = first.message_id}
        else
            sa:send {fragment = {number = 2, total = 2, chunk = parts[2]}}
        end
        t:elapse(0.1)
    end,
}
