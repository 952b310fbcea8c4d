return reference {
    clause = "RFC7296-2.3-06",
    title = "The peer's window is not exceeded",
    wrong = "a third unanswered request, the window is 2",
    play = function(t, violating)
        local cluster = t:peer {window = 2}
        cluster:accept()
        cluster:tamper {exchange = "INFORMATIONAL", response = true, delay = 0.1,
                        text = "our answers are late"}
        local next_send = t.gateway:sa().next_send
        for i = 0, violating and 2 or 1 do
            t.gateway:send {message_id = next_send + i}
        end
        t:elapse(0.3)
    end,
}
