local message = require "lib.message"

return reference {
    clause = "RFC6311-5.1-03",
    title = "P1 is one more than the last request that was received",
    wrong = "P1 is the Message ID of that request",
    gateway = "cluster",
    record = true,
    play = function(t)
        local sa = t:peer {gateway = {members = 2}}:accept()
        sa:request_liveness(2)
        t:elapse(0.2)
        t.gateway:fail("crash")
        t:elapse(0.1)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "INFORMATIONAL", response = false,
            before_seal = message.change("IKEV2_MESSAGE_ID_SYNC", function(p)
                p.data = message.patch(p.data, 9, "\0\0\0\1")
            end)}
    end,
}
