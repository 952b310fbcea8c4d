return scenario {
    id = "rfc7296/window-of-ours",
    title = "The gateway stays within the window that we announce",
    purpose = [[We announce four requests and answer none for a while. Three fewer
are in order, one more is not: a peer that keeps four answers has forgotten the
first by then.]],
    clauses = { "RFC7296-2.3-06", "RFC7296-2.3-07" },
    run = function(t)
        local cluster = t:cluster { window = 4 }
        local sa = cluster:accept()
        sa:request_liveness(1)
        local held = cluster:tamper { response = true, hold = true,
            text = "our answers are late" }
        t.gateway:rekey("child")
        sa:await_request { exchange = "CREATE_CHILD_SA" }
        t:elapse(4)
        held:release()
        t:elapse(1)
        sa:request_liveness(1)
    end,
}
