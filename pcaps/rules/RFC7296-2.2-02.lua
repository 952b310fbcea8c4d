return reference {
    clause = "RFC7296-2.2-02",
    title = "Message IDs go up by one with each exchange",
    wrong = "one is left out",
    play = function(t)
        t:peer():accept()
        for _ = 1, 2 do
            t.gateway:liveness()
            t:elapse(0.2)
        end
    end,
    violate = function(t)
        t.gateway:defect("skips-message-id")
    end,
}
