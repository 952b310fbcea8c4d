return reference {
    clause = "RFC6311-5-01",
    title = "The responder asserts only what the initiator asserted",
    wrong = "the responder asserts 16420, the initiator did not",
    role = "responder",
    play = function(t, violating)
        t:peer {message_id_sync = not violating,
                replay_counter_sync = false}:connect()
    end,
    violate = function(t)
        t.gateway:defect("asserts-unasserted-16420")
    end,
}
