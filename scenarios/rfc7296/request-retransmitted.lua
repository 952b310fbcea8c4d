return scenario {
    id = "rfc7296/request-retransmitted",
    title = "An unanswered request is retransmitted octet for octet",
    purpose = [[Our answer is lost once. The gateway has to send the same request
again, unchanged, and go on when the answer arrives.]],
    clauses = { "RFC7296-2.1-03", "RFC7296-2.1-07", "RFC7296-2.1-09",
                "RFC7296-2.3-03", "RFC6311-4-01" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        local lost = cluster:tamper { exchange = "CREATE_CHILD_SA",
            response = true, drop = true, limit = 1,
            text = "our answer is lost" }
        t.gateway:rekey("child")
        local first = sa:await_request { exchange = "CREATE_CHILD_SA" }
        t:expect_request({ sa = sa, exchange = "INFORMATIONAL",
                           message_id = first.message_id + 1,
                           since = first.time },
            { clauses = { "RFC7296-2.1-03" }, within = 8,
              text = "repeated until answered, then the next ID follows" })
        lost:remove()
        sa:request_liveness(1)
    end,
}
