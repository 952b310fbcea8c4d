local message = require "lib.message"

return reference {
    clause = "RFC7296-2.23-11",
    title = "Transport mode behind a NAT has one address in each selector",
    wrong = "TSi is a range",
    play = function(t)
        pcall(function() t:peer {mode = "transport"}:accept(3) end)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "IKE_AUTH", response = false,
            before_seal = message.change(44, function(p)
                p.body = p.body:sub(1, -5) .. "\192\0\2\255"
            end)}
    end,
}
