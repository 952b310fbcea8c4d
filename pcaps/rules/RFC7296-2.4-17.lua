return reference {
    clause = "RFC7296-2.4-17",
    title = "An IKE SA that is given up is deleted",
    wrong = "INVALID_IKE_SPI about one that was never deleted",
    record = true,
    play = function(t, violating)
        local sa = t:peer():accept()
        sa:request_liveness(1)
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
