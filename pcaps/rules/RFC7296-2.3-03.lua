return reference {
    clause = "RFC7296-2.3-03",
    title = "Without SET_WINDOW_SIZE each response is waited for",
    wrong = "a second request although the first is unanswered",
    play = function(t, violating)
        t:peer():accept()
        local next_send = t.gateway:sa().next_send
        t.gateway:operate("liveness")
        if violating then
            t.gateway:send {message_id = next_send + 1}
        end
        t:elapse(0.2)
    end,
}
