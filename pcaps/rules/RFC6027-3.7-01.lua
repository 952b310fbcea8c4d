return reference {
    clause = "RFC6027-3.7-01",
    title = "One member at a time uses the Message IDs of an IKE SA",
    wrong = "another member sends a request under the same Message ID",
    gateway = "cluster",
    verdict = "warning",
    record = true,
    play = function(t, violating)
        local peer = t:peer {gateway = {members = 2, sharing = "sticky",
                                        loose = "yes"}}
        peer:accept()
        t.gateway:liveness()
        t:elapse(0.2)
        if violating then
            t.gateway:send {source = "192.0.2.3",
                            message_id = t.gateway:sa().next_send - 1,
                            payloads = {notify(40000, "another member")}}
        end
        t:elapse(0.2)
    end,
}
