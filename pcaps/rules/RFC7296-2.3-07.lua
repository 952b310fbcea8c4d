return reference {
    clause = "RFC7296-2.3-07",
    title = "A request waits for what is a window before it",
    wrong = "with a window of 3 the request 5 is sent, 2 is unanswered",
    play = function(t, violating)
        local cluster = t:peer {window = 3}
        cluster:accept()
        cluster:tamper {exchange = "INFORMATIONAL", response = true, hold = true,
            limit = 1, text = "our first answer is late"}
        for id = 2, violating and 5 or 4 do
            t.gateway:send {message_id = id}
            t:elapse(0.1)
        end
        t:elapse(0.2)
    end,
}
