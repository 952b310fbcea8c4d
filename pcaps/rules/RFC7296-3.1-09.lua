local message = require "lib.message"

return reference {
    clause = "RFC7296-3.1-09",
    title = "An Encrypted payload holds no other one",
    wrong = "it does",
    play = function(t)
        local sa = t:peer():accept()
        sa:start_liveness()
        t:elapse(0.2)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "INFORMATIONAL", response = true,
            before_seal = message.add(payload("SK", ("x"):rep(48)))}
    end,
}
