return reference {
    clause = "RFC7296-3.1-03",
    title = "Messages are of version 2.0",
    wrong = "INFORMATIONAL messages of version 2.1",
    play = function(t)
        local sa = t:peer():accept()
        sa:start_liveness()
        t:elapse(0.2)
    end,
    violate = function(t)
        t.gateway:defect("minor-version-1")
    end,
}
