local message = require "lib.message"

return reference {
    clause = "RFC6311-5.1-09",
    title = "A synchronization response with another nonce is dropped",
    wrong = "its Message ID is adopted",
    gateway = "cluster",
    play = function(t, violating)
        local cluster = t:peer {gateway = {members = 2, takeover = "by-hand"}}
        cluster:accept()
        cluster:tamper {response = true, notify = "IKEV2_MESSAGE_ID_SYNC",
            limit = 1, text = "a response with another nonce",
            before_seal = message.change("IKEV2_MESSAGE_ID_SYNC", function(p)
                p.data = "abcd" .. p.data:sub(5, 8) .. "\0\0\0\20"
            end)}
        t.gateway:fail("crash")
        t:elapse(0.5)
        t.gateway:synchronize()
        t:elapse(0.2)
        if violating then
            t.gateway:send {message_id = 20}
            t:elapse(0.2)
        else
            t:elapse(2)
            t.gateway:operate("liveness")
            t:elapse(0.2)
        end
    end,
}
