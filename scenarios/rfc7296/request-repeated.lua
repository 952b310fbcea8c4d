return scenario {
    id = "rfc7296/request-repeated",
    title = "A repeated request is answered with the same response",
    purpose = [[The responder keeps its last response for the case that it was lost.
A fresh response, or none, breaks every peer on a lossy path.]],
    clauses = { "RFC7296-2.1-02", "RFC7296-2.1-04" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        local ref = sa:request_liveness(1)
        t:expect_answer(sa:replay(ref), { clauses = { "RFC7296-2.1-04" },
            text = "the former response again" })
        sa:request_liveness(1)
    end,
}
