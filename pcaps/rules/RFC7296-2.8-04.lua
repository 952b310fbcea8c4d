return reference {
    clause = "RFC7296-2.8-04",
    title = "After a rekey the new IKE SA speaks for the Child SAs",
    wrong = "a Delete of a Child SA on the old one",
    play = function(t, violating)
        local sa = t:peer():accept()
        local child = t.gateway:sa().children[1].spi_in
        local last = t.gateway:tamper {exchange = "INFORMATIONAL",
                                       response = false, hold = true, limit = 1}
        t.gateway:operate("rekey", sa)
        t:elapse(0.2)
        if violating then
            t.gateway:send {sa = sa, message_id = last.held[1].message_id,
                            payloads = {delete_payload {child}}}
        else
            last:release()
        end
        t:elapse(0.2)
    end,
}
