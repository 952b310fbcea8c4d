local message = require "lib.message"

return reference {
    clause = "RFC7296-2.3-13",
    title = "INVALID_MESSAGE_ID carries the Message ID in 4 octets",
    wrong = "it carries 2",
    play = function(t, violating)
        local sa = t:peer():accept()
        local beyond = sa.sent.next + 5
        sa:send {message_id = beyond, text = "a request beyond the window"}
        t:elapse(0.1)
        message.inform(t, notify("INVALID_MESSAGE_ID",
                                 string.pack(violating and ">I2" or ">I4", beyond)))
    end,
}
