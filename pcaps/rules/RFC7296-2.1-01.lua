return reference {
    clause = "RFC7296-2.1-01",
    title = "A response comes once for each copy of its request",
    wrong = "it comes again after two seconds, unasked",
    play = function(t)
        local sa = t:peer():accept()
        sa:request_liveness(1)
        t:elapse(3)
    end,
    violate = function(t)
        t.gateway:defect("repeats-response-unasked")
    end,
}
