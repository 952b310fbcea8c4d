local message = require "lib.message"

return reference {
    clause = "RFC7296-2.18-02",
    title = "An IKE SA is never rekeyed without a key exchange",
    wrong = "the proposal offers Key Exchange Method NONE, too",
    play = function(t)
        t:peer():accept()
        t.gateway:rekey("ike")
        t:elapse(0.3)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = false,
            before_seal = message.change(33, function(p)
                local size, count = string.unpack(">I2", p.body, 3), p.body:byte(8)
                local last = #p.body - 7 -- the transform that is the last so far
                p.body = message.patch(p.body, last, "\3") .. "\0\0\0\8\4\0\0\0"
                p.body = message.patch(p.body, 3, string.pack(">I2", size + 8))
                p.body = message.patch(p.body, 8, string.char(count + 1))
            end)}
    end,
}
