return reference {
    clause = "RFC7296-2.3-15",
    title = "INVALID_MESSAGE_ID is limited in rate",
    wrong = "a hundred in one second",
    verdict = "warning",
    play = function(t, violating)
        local sa = t:peer():accept()
        local beyond = sa.sent.next + 5
        for i = 1, 100 do
            sa:send {message_id = beyond + i,
                     text = "a request beyond the window"}
        end
        for i = 1, violating and 100 or 1 do
            t.gateway:request {payloads = {
                notify("INVALID_MESSAGE_ID", string.pack(">I4", beyond + i))}}
            t:elapse(0.005)
        end
        t:elapse(0.1)
    end,
}
