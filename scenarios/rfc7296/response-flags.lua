return scenario {
    id = "rfc7296/response-flags",
    title = "The gateway's answers carry the flags of answers",
    purpose = [[R says that it is an answer, I who made the IKE SA. With either one
wrong the answer is taken for another message, or opened with another key. Our first
request has a Message ID that the gateway's own requests left behind long ago.]],
    clauses = { "RFC7296-3.1-06", "RFC7296-3.1-08" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        local ref = sa:start_liveness()
        t:expect_answer(ref, { clauses = { "RFC7296-1.4-04" },
            text = "the liveness request is answered" })
        t:expect_no_request({ sa = sa, exchange = "INFORMATIONAL",
                              message_id = ref.message_id,
                              since = ref.time },
            { clauses = { "RFC7296-3.1-06" },
              text = "and not by a message without the R flag" })
        sa:request_liveness(2)
    end,
}
