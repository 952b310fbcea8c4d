local message = require "lib.message"

return reference {
    clause = "RFC7383-2.5-01",
    title = "The Encrypted Fragment payload is the last one",
    wrong = "another payload follows it",
    play = function(t, violating)
        t:peer():accept()
        message.send_parts(t.gateway, message.parts(200), nil, {
            [2] = {after_seal = violating and function(octets)
                octets = octets .. payload("V", "").body .. "\0\0\0\8more"
                return message.patch(octets, 25, string.pack(">I4", #octets))
            end}})
        t:elapse(0.1)
    end,
}
