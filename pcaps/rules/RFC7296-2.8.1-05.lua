local message = require "lib.message"

return reference {
    clause = "RFC7296-2.8.1-05",
    title = "A late rekey of a Child SA that was replaced meets CHILD_SA_NOT_FOUND",
    wrong = "it is granted",
    play = function(t)
        local sa = t:peer():accept()
        local ours = sa.children[1].spi_in
        t.gateway:rekey("child")
        t:elapse(0.3)
        sa:send {exchange = "CREATE_CHILD_SA",
                 payloads = message.child("aaaa", ours),
                 text = "a rekey of a Child SA that was rekeyed"}
        t:elapse(0.2)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = true,
            before_seal = message.replace(table.unpack(message.child("bbbb")))}
    end,
}
