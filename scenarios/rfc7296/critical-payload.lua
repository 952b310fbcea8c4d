return scenario {
    id = "rfc7296/critical-payload",
    title = "An unknown payload is refused if critical, ignored if not",
    purpose = [[The critical bit is how new payloads are introduced without breaking
old gateways: unknown and critical refuses the request, unknown and not critical
changes nothing.]],
    clauses = { "RFC7296-2.21.3-01", "RFC7296-1.4-04" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        t:expect_answer(sa:request { exchange = "INFORMATIONAL",
                payloads = { payload(201, "ignore me") } },
            { without = { 1 }, clauses = { "RFC7296-1.4-04" },
              text = "an answer without UNSUPPORTED_CRITICAL_PAYLOAD" })
        t:await(5, function() return sa.sent.next == 1 end, "the answer")
        t:expect_answer(sa:request { exchange = "INFORMATIONAL",
                payloads = { payload(201, "heed me", { flags = 0x80 }) } },
            { notify = { 1 }, clauses = { "RFC7296-2.21.3-01" },
              text = "N(UNSUPPORTED_CRITICAL_PAYLOAD)" })
    end,
}
