return reference {
    clause = "RFC7296-3.1-06",
    title = "The R flag is set in responses",
    wrong = "a response without it",
    play = function(t)
        local sa = t:peer():accept()
        sa:start_liveness()
        t:elapse(0.2)
    end,
    violate = function(t)
        t.gateway:defect("response-without-r-flag")
    end,
}
