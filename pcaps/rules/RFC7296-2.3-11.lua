return reference {
    clause = "RFC7296-2.3-11",
    title = "INVALID_MESSAGE_ID is a request",
    wrong = "it is sent in a response",
    also = {"RFC7296-2.3-12"},
    play = function(t, violating)
        local sa = t:peer():accept()
        local beyond = sa.sent.next + 5
        local data = string.pack(">I4", beyond)
        sa:send {message_id = beyond, text = "a request beyond the window"}
        t:elapse(0.1)
        if violating then
            t.gateway:send {response = true, message_id = beyond,
                            payloads = {notify("INVALID_MESSAGE_ID", data)}}
        else
            t.gateway:request {payloads = {notify("INVALID_MESSAGE_ID", data)}}
        end
        t:elapse(0.2)
    end,
}
