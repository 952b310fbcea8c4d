local message = require "lib.message"

return reference {
    clause = "RFC6311-5.1-04",
    title = "The next member knows the M1 of the member before it",
    wrong = "after a second failover M1 is the same again",
    gateway = "cluster",
    record = true,
    play = function(t)
        t:peer {gateway = {members = 3}}:accept()
        t.gateway:fail("crash")
        t:elapse(0.3)
        t.gateway:fail("crash")
        t:elapse(0.1)
    end,
    violate = function(t)
        local m1
        t.gateway:tamper {exchange = "INFORMATIONAL", response = false,
            before_seal = message.change("IKEV2_MESSAGE_ID_SYNC", function(p)
                m1 = m1 or p.data:sub(5, 8)
                p.data = message.patch(p.data, 5, m1)
            end)}
    end,
}
