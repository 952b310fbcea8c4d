local message = require "lib.message"

return reference {
    clause = "RFC7383-2.5-05",
    title = "Each fragment has an IV of its own",
    wrong = "both fragments of a message have the same one",
    play = function(t, violating)
        t:peer():accept()
        message.send_parts(t.gateway, message.parts(200), nil, {
            {iv = ("a"):rep(16)}, {iv = (violating and "a" or "b"):rep(16)}})
        t:elapse(0.1)
    end,
}
