return reference {
    clause = "RFC7296-2.6-02",
    title = "An IKE SA is found by its SPIs, wherever a request comes from",
    wrong = "INVALID_IKE_SPI for a request from another port, while it lives",
    also = {"RFC7296-2.4-17"},
    play = function(t, violating)
        local sa = t:peer():accept()
        sa:request_liveness(1)
        local rule
        if violating then
            rule = t.gateway:tamper {exchange = "INFORMATIONAL", response = true,
                                     drop = true, limit = 1}
        end
        local request = sa:send {source_port = 4511,
                                 text = "a request from another port"}
        t:elapse(0.1)
        if violating then
            t.gateway:send {clear = true, response = true, destination_port = 4511,
                            message_id = request.message_id,
                            payloads = {notify("INVALID_IKE_SPI")}}
        end
        t:elapse(0.1)
        t.gateway:operate("liveness")
        t:elapse(0.1)
    end,
}
