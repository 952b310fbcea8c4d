return reference {
    clause = "RFC7296-2.21.4-06",
    title = "Nothing in clear text ends an IKE SA",
    wrong = "it is given up after INVALID_IKE_SPI in clear text",
    play = function(t, violating)
        local sa = t:peer():accept()
        sa:request_liveness(1)
        t:elapse(0.1)
        sa:send {clear = true, response = true, message_id = 5,
                 payloads = {notify("INVALID_IKE_SPI")},
                 text = "INVALID_IKE_SPI in clear text"}
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
