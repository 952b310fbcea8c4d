return reference {
    clause = "RFC7296-2.3-03",
    title = "Without SET_WINDOW_SIZE each response is waited for",
    wrong = "a second request although the first is unanswered",
    play = function(t, violating)
        local cluster = t:peer()
        cluster:accept()
        cluster:tamper {exchange = "INFORMATIONAL", response = true, delay = 0.1,
                        text = "our answers are late"}
        local next_send = t.gateway:sa().next_send
        t.gateway:operate("liveness")
        t:elapse(violating and 0.05 or 0.3)
        t.gateway:send {message_id = next_send + 1}
        t:elapse(0.2)
    end,
}
