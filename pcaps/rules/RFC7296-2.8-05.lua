return reference {
    clause = "RFC7296-2.8-05",
    title = "The Delete is the last request on an IKE SA that was rekeyed",
    wrong = "another request follows on the old IKE SA",
    play = function(t, violating)
        local sa = t:peer():accept()
        local last
        t.gateway:tamper {exchange = "INFORMATIONAL", response = false, limit = 1,
            before_seal = function(m)
                last = m.message_id
            end}
        t.gateway:operate("rekey", sa)
        t:await(1, function() return last end, "the Delete")
        if violating then
            t.gateway:send {sa = sa, message_id = last + 1}
        end
        t:elapse(0.2)
    end,
}
