return scenario {
    id = "rfc7296/response-not-answered",
    title = "A message that is marked as a response is not answered",
    purpose = [[Two ends that answer each other's answers never stop. The response
that nobody asked for is authentic, has the next Message ID, and is dropped all the
same, without using that Message ID up.]],
    clauses = { "RFC7296-3.1-07", "RFC7296-1.4-04" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(4) -- past the gateway's own next Message ID
        local odd = sa:send { response = true, message_id = sa.sent.next,
            text = "a response that nobody asked for" }
        t:expect_silence(odd, { clauses = { "RFC7296-3.1-07" },
            text = "a response is not answered" })
        t:expect_answer(sa:start_liveness(), { clauses = { "RFC7296-1.4-04" },
            text = "the request with that Message ID is" })
    end,
}
