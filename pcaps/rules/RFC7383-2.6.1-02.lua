local message = require "lib.message"

return reference {
    clause = "RFC7383-2.6.1-02",
    title = "Only the first fragment brings a response again",
    wrong = "the second one, repeated, does so too",
    play = function(t, violating)
        local sa = t:peer():accept()
        sa:request_liveness(1)
        local response
        t.gateway:tamper {exchange = "INFORMATIONAL", response = true,
            after_seal = function(octets)
                response = octets
            end}
        local sent = message.send_parts(sa, message.parts(200))
        t:elapse(1)
        sa:replay(sent[violating and 2 or 1])
        if violating then
            t:elapse(0.01)
            t.gateway:send {octets = response}
        end
        t:elapse(0.2)
    end,
}
