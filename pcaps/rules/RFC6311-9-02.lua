local message = require "lib.message"

return reference {
    clause = "RFC6311-9-02",
    title = "Requests that are pending count in the answer to a synchronization",
    wrong = "P2 is the Message ID of the pending request",
    also = {"RFC6311-5.1-07"},
    play = function(t)
        local cluster = t:cluster {synch = {message_id = "lose"}}
        local sa = cluster:accept()
        cluster:tamper {exchange = "INFORMATIONAL", response = true, drop = true,
                        limit = 1, text = "our answer is lost"}
        t.gateway:liveness()
        t:elapse(0.2)
        cluster:fail_over()
        t:watch(sa:synchronize {})
    end,
    violate = function(t)
        t.gateway:tamper {response = true, notify = "IKEV2_MESSAGE_ID_SYNC",
            before_seal = message.change("IKEV2_MESSAGE_ID_SYNC", function(p)
                local p2 = string.unpack(">I4", p.data, 5)
                p.data = message.patch(p.data, 5, string.pack(">I4", p2 - 1))
            end)}
    end,
}
