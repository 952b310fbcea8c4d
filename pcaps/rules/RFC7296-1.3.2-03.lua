return reference {
    clause = "RFC7296-1.3.2-03",
    title = "The old IKE SA keeps its numbering after a rekey",
    wrong = "its Delete leaves out a Message ID",
    play = function(t, violating)
        local sa = t:peer():accept()
        local last = t.gateway:tamper {exchange = "INFORMATIONAL",
                                       response = false, hold = true, limit = 1}
        t.gateway:operate("rekey", sa)
        t:elapse(0.2)
        if violating then
            t.gateway:send {sa = sa, message_id = last.held[1].message_id + 1,
                            payloads = {delete_payload()}}
        else
            last:release()
        end
        t:elapse(0.2)
    end,
}
