return reference {
    clause = "RFC7296-2.1-06",
    title = "A request whose response may be forgotten brings no other response",
    wrong = "it brings one with other octets",
    record = true,
    play = function(t, violating)
        local sa = t:peer():accept()
        local first = sa:request_liveness(1)
        sa:request_liveness(1)
        t:elapse(0.5)
        sa:replay(first)
        t:elapse(0.1)
        if violating then
            t.gateway:send {response = true, message_id = first.message_id}
        end
        t:elapse(0.1)
    end,
}
