local message = require "lib.message"

return reference {
    clause = "RFC7296-2.8-03",
    title = "A rekey of a Child SA offers its algorithms",
    wrong = "it offers keys of another length only",
    play = function(t)
        local sa = t:peer():accept()
        t.gateway:operate("rekey_child", sa, t.gateway:sa().children[1].spi_in)
        t:elapse(0.2)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = false,
            before_seal = message.change(33, function(p)
                local at = p.body:find("\128\14\0\128", 1, true)
                p.body = message.patch(p.body, at, "\128\14\1\0")
            end)}
    end,
}
