local message = require "lib.message"

return reference {
    clause = "RFC6311-5.1-01",
    title = "M1 is above every Message ID that the cluster has used",
    wrong = "M1 is the last one that was used",
    gateway = "cluster",
    record = true,
    play = function(t)
        t:peer {gateway = {members = 2}}:accept()
        t.gateway:operate("liveness")
        t:elapse(0.2)
        t.gateway:fail("crash")
        t:elapse(0.1)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "INFORMATIONAL", response = false,
            before_seal = message.change("IKEV2_MESSAGE_ID_SYNC", function(p)
                p.data = message.patch(p.data, 5, "\0\0\0\2")
            end)}
    end,
}
