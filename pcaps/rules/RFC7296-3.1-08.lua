return reference {
    clause = "RFC7296-3.1-08",
    title = "The I flag is the original initiator's",
    wrong = "the original initiator sends without it",
    play = function(t)
        local sa = t:peer():accept()
        sa:start_liveness()
        t:elapse(0.2)
    end,
    violate = function(t)
        t.gateway:defect("wrong-initiator-flag")
    end,
}
