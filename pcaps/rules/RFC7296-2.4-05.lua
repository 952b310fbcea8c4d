return reference {
    clause = "RFC7296-2.4-05",
    title = "Nobody is dead because of a message in clear text",
    wrong = "the IKE SA is given up after INVALID_SPI in clear text",
    play = function(t, violating)
        local sa = t:peer():accept()
        sa:request_liveness(1)
        t:elapse(0.1)
        sa:send {clear = true, response = true, message_id = 5,
                 payloads = {notify("INVALID_SPI", "aaaa")},
                 text = "INVALID_SPI in clear text"}
        t:elapse(0.5)
        if violating then
            t.gateway:tamper {exchange = "INFORMATIONAL", response = true,
                              drop = true}
        end
        local request = sa:start_liveness()
        t:elapse(0.1)
        if violating then
            t.gateway:send {clear = true, response = true,
                            message_id = request.message_id,
                            payloads = {notify("INVALID_IKE_SPI")}}
        end
        t:elapse(0.1)
    end,
}
