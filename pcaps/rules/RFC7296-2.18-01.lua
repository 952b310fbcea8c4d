return reference {
    clause = "RFC7296-2.18-01",
    title = "The Message IDs of a rekeyed IKE SA start at 0",
    wrong = "they go on from those of the old one",
    play = function(t)
        local sa = t:peer():accept()
        t.gateway:liveness()
        t:elapse(0.2)
        sa:rekey()
        t.gateway:liveness()
        t:elapse(0.2)
    end,
    violate = function(t)
        t.gateway:defect("continues-ids-after-rekey")
    end,
}
