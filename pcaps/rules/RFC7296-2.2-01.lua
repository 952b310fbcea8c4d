return reference {
    clause = "RFC7296-2.2-01",
    title = "A retransmission keeps its Message ID",
    wrong = "the request comes again under the next Message ID",
    play = function(t)
        local cluster = t:peer()
        local sa = cluster:accept()
        cluster:tamper {exchange = "CREATE_CHILD_SA", response = true, drop = true,
                        limit = 2, text = "our answer is lost"}
        t.gateway:rekey("child")
        t:elapse(3)
    end,
    violate = function(t)
        t.gateway:defect("retransmits-renumbered")
    end,
}
