return scenario {
    id = "rfc7296/fragments",
    title = "A fragmented request is put together and answered once",
    purpose = [[RFC 7383 in both directions: small fragments of a long request must
give one answer, under one Message ID.]],
    clauses = { "RFC7383-2.4-01", "RFC7383-2.5-01", "RFC7296-1.4-04" },
    run = function(t)
        local cluster = t:cluster { fragment_size = 600 }
        local sa = cluster:accept()
        t:expect_answer(sa:request { exchange = "INFORMATIONAL",
                payloads = { payload("V", ("counterfoil"):rep(150)) } },
            { clauses = { "RFC7296-1.4-04" },
              text = "one answer to a request in several fragments" })
        sa:request_liveness(1)
    end,
}
