local message = require "lib.message"

return reference {
    clause = "RFC6311-11-01",
    title = "Of two responses to a synchronization the first counts",
    wrong = "the next request has the Message ID of the second one",
    gateway = "cluster",
    also = {"RFC6311-6.3-02"},
    play = function(t, violating)
        local cluster = t:peer {gateway = {members = 2, takeover = "by-hand"}}
        local sa = cluster:accept()
        local nonce
        cluster:tamper {response = true, notify = "IKEV2_MESSAGE_ID_SYNC",
            limit = 1, text = "what our answer says is noted",
            before_seal = message.change("IKEV2_MESSAGE_ID_SYNC", function(p)
                nonce = p.data:sub(1, 4)
            end)}
        t.gateway:fail("crash")
        t:elapse(0.5)
        t.gateway:synchronize()
        t:elapse(0.2)
        sa:send {response = true, message_id = 0,
                 payloads = {sync_notify(nonce, 20, 20)},
                 text = "a second response to the synchronization"}
        t:elapse(0.3)
        if violating then
            t.gateway:send {message_id = 20}
        else
            t.gateway:operate("liveness")
        end
        t:elapse(0.2)
    end,
}
