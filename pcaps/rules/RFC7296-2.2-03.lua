return reference {
    clause = "RFC7296-2.2-03",
    title = "A response carries the Message ID of its request",
    wrong = "it carries the next one",
    play = function(t)
        local sa = t:peer():accept()
        sa:start_liveness()
        t:elapse(0.3)
    end,
    violate = function(t)
        t.gateway:defect("response-with-next-message-id")
    end,
}
