return reference {
    clause = "RFC7296-2.8.2-01",
    title = "Of two new IKE SAs the one with the lowest nonce is deleted",
    wrong = "the creator of the other one deletes it",
    play = function(t, violating)
        local cluster = t:peer()
        local sa = cluster:accept()
        if violating then
            t.gateway:tamper {exchange = "INFORMATIONAL", response = false,
                              drop = true, repeats = true}
            cluster:tamper {exchange = "INFORMATIONAL", response = false,
                            drop = true, text = "our Delete is lost"}
        end
        t.gateway:operate("rekey", sa)
        pcall(sa.rekey, sa)
        t:elapse(0.2)
        if violating then
            t.gateway:send {message_id = 0, payloads = {delete_payload()}}
        end
        t:elapse(0.3)
    end,
}
