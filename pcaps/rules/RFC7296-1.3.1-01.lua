return reference {
    clause = "RFC7296-1.3.1-01",
    title = "A Child SA that is refused does not end the IKE SA",
    wrong = "the IKE SA is deleted at once",
    play = function(t, violating)
        local sa = t:peer():accept()
        t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = true,
            before_seal = function(m)
                m.payloads = {notify("NO_PROPOSAL_CHOSEN")}
                return m
            end}
        sa:create_child()
        t:elapse(0.05)
        t.gateway:operate(violating and "delete" or "liveness")
        t:elapse(0.2)
    end,
}
