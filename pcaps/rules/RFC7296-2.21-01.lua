local message = require "lib.message"

return reference {
    clause = "RFC7296-2.21-01",
    title = "An error in a response is not answered with an error",
    wrong = "an INFORMATIONAL request with TS_UNACCEPTABLE after a response",
    verdict = "warning",
    play = function(t, violating)
        t:peer():accept()
        t.gateway:operate("create_child")
        t:elapse(0.1)
        message.inform(t, notify(violating and "TS_UNACCEPTABLE" or 40000))
    end,
}
