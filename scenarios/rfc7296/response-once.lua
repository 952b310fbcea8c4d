return scenario {
    id = "rfc7296/response-once",
    title = "An answer is sent once, unless its request comes again",
    purpose = [[Only the requester retransmits of its own accord. Answers that repeat
themselves fill the path and hide that nothing was asked.]],
    clauses = { "RFC7296-2.1-01" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(2)
        sa:rekey_child()
        t:elapse(4)
        sa:request_liveness(1)
    end,
}
