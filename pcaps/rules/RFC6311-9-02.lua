return reference {
    clause = "RFC6311-9-02",
    title = "Requests that are pending count in the answer to a synchronization",
    wrong = "the pending request is sent again after the answer",
    also = {"RFC6311-5.1-07"},
    play = function(t)
        local cluster = t:cluster()
        local sa = cluster:accept()
        local lost = cluster:tamper {exchange = "INFORMATIONAL", response = true,
            drop = true, limit = 1, text = "our answer is lost"}
        t.gateway:liveness()
        t:elapse(0.2)
        cluster:fail_over()
        t:watch(sa:synchronize {})
    end,
    violate = function(t)
        t.gateway:tamper {response = true, notify = "IKEV2_MESSAGE_ID_SYNC",
            before_seal = function(message)
                local sync = message.payloads[1]
                local p2 = string.unpack(">I4", sync.data, 5)
                sync.data = sync.data:sub(1, 4) .. string.pack(">I4", p2 - 1) ..
                    sync.data:sub(9)
                return message
            end}
    end,
}
