return reference {
    clause = "RFC7383-3-01",
    title = "Synchronizations are never fragmented",
    wrong = "the response with 16422 is in an Encrypted Fragment payload",
    play = function(t)
        local cluster = t:cluster {gateway = {fragment_size = 200}}
        local sa = cluster:accept()
        cluster:fail_over()
        t:watch(sa:synchronize {})
    end,
    violate = function(t)
        local sync
        t.gateway:tamper {response = true, notify = "IKEV2_MESSAGE_ID_SYNC",
            before_seal = function(m)
                sync = m.payloads
            end,
            after_seal = function()
                local octets = t.gateway:seal {response = true, message_id = 0,
                    payloads = sync, fragment = {number = 1, total = 1}}
                return octets
            end}
    end,
}
