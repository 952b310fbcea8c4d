return reference {
    clause = "RFC7296-3.1-07",
    title = "A response is not answered",
    wrong = "it is",
    play = function(t)
        local sa = t:peer():accept()
        sa:request_liveness(1)
        t:watch(sa:send {response = true, message_id = 40,
                         text = "a response that nobody asked for"})
    end,
    violate = function(t)
        t.gateway:defect("answers-a-response")
    end,
}
