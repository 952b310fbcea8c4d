local message = require "lib.message"

return reference {
    clause = "RFC7383-2.5-02",
    title = "Only the first fragment has a Next Payload",
    wrong = "the second one has one, too",
    play = function(t, violating)
        t:peer():accept()
        local parts = message.parts(200)
        message.send_parts(t.gateway, parts, nil, {
            [2] = {fragment = {number = 2, total = 2, chunk = parts[2],
                               next = violating and 41 or 0}}})
        t:elapse(0.1)
    end,
}
