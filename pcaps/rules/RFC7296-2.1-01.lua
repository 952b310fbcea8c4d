return reference {
    clause = "RFC7296-2.1-01",
    title = "A response comes once for each copy of its request",
    wrong = "it comes once more, unasked",
    play = function(t)
        local sa = t:peer():accept()
        local request = sa:request_liveness(1)
        t:elapse(0.5)
        sa:replay(request)
        t:elapse(3)
    end,
    violate = function(t)
        t.gateway:defect("repeats-response-unasked")
    end,
}
