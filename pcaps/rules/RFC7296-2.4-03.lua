local message = require "lib.message"

return reference {
    clause = "RFC7296-2.4-03",
    title = "INITIAL_CONTACT is in the first IKE_AUTH message only",
    wrong = "it is in an INFORMATIONAL request",
    play = function(t, violating)
        local cluster = t:peer()
        t.gateway:tamper {exchange = "IKE_AUTH", response = false,
                          before_seal = message.add(notify("INITIAL_CONTACT"))}
        cluster:accept()
        if violating then
            message.inform(t, notify("INITIAL_CONTACT"))
        end
    end,
}
