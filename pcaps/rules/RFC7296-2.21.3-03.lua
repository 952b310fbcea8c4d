local message = require "lib.message"

return reference {
    clause = "RFC7296-2.21.3-03",
    title = "After INVALID_SYNTAX the IKE SA is gone",
    wrong = "a new request on it, two seconds later",
    play = function(t, violating)
        local sa = t:peer():accept()
        t.gateway:tamper {exchange = "INFORMATIONAL", response = true,
                          before_seal = message.add(notify("INVALID_SYNTAX"))}
        sa:start_liveness()
        t:elapse(2)
        if violating then
            t.gateway:operate("liveness")
            t:elapse(0.2)
        end
    end,
}
