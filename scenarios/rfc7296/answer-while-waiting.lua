return scenario {
    id = "rfc7296/answer-while-waiting",
    title = "A request is answered while the gateway waits for an answer",
    purpose = [[Both ends may have a request out at the same time. One that waits for
its own answer first makes the two wait for each other until both give up.]],
    clauses = { "RFC7296-2.3-05" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        local held = cluster:tamper { exchange = "CREATE_CHILD_SA",
            response = true, hold = true, text = "our answer is late" }
        t.gateway:rekey("child")
        sa:await_request { exchange = "CREATE_CHILD_SA" }
        t:expect_answer(sa:start_liveness(), { clauses = { "RFC7296-2.3-05" },
            text = "answered although its own request is outstanding" })
        held:release()
        sa:await_request { exchange = "INFORMATIONAL" }
        t:expect_answer(sa:start_liveness(), { clauses = { "RFC7296-1.4-04" },
            text = "and so is the next one" })
    end,
}
