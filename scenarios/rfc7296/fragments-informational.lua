return scenario {
    id = "rfc7296/fragments-informational",
    title = "An INFORMATIONAL request in fragments is answered once",
    purpose = [[RFC 7383 knows no exchange that may not be fragmented but the first.
A request that arrives in pieces is put together and answered like any other.]],
    clauses = { "RFC7296-1.4-04", "RFC7383-2.5-01" },
    needs = { "fragmentation" },
    run = function(t)
        local cluster = t:cluster { fragment_size = 600 }
        local sa = cluster:accept()
        local long = sa:request { exchange = "INFORMATIONAL",
            payloads = { payload("V", ("counterfoil"):rep(150)) } }
        if t:expect_answer(long, { clauses = { "RFC7296-1.4-04" }, within = 2,
               text = "one answer to a request in several fragments" }) then
            sa:request_liveness(1)
        end
    end,
}
