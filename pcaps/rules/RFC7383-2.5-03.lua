local message = require "lib.message"

return reference {
    clause = "RFC7383-2.5-03",
    title = "Fragments count from 1 to their total",
    wrong = "fragment 3 of 2",
    play = function(t, violating)
        t:peer():accept()
        local parts = message.parts(200)
        message.send_parts(t.gateway, parts, nil, {
            [2] = {fragment = {number = violating and 3 or 2, total = 2,
                               chunk = parts[2]}}})
        t:elapse(0.1)
    end,
}
