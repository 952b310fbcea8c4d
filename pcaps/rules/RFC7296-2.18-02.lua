local message = require "lib.message"

return reference {
    clause = "RFC7296-2.18-02",
    title = "An IKE SA is never rekeyed without a key exchange",
    wrong = "the proposal offers Key Exchange Method NONE",
    play = function(t)
        t:peer():accept()
        t.gateway:rekey("ike")
        t:elapse(0.3)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = false,
            before_seal = message.change(33, function(p)
                local at = assert(p.body:find("\0\0\8\4\0\0\31", 1, true))
                p.body = message.patch(p.body, at + 5, "\0\0")
            end)}
    end,
}
