local message = require "lib.message"

return reference {
    clause = "RFC7296-2.21.3-02",
    title = "Errors are told in responses",
    wrong = "an INFORMATIONAL request with NO_PROPOSAL_CHOSEN",
    play = function(t, violating)
        t:peer():accept()
        t.gateway:operate("liveness")
        t:elapse(0.1)
        message.inform(t, notify(violating and "NO_PROPOSAL_CHOSEN" or 40000))
    end,
}
