local message = require "lib.message"

return reference {
    clause = "RFC7296-2.7-01",
    title = "The responder chooses one of the proposals, by its number",
    wrong = "it chooses proposal 2, there was one",
    play = function(t)
        local sa = t:peer():accept()
        pcall(sa.create_child, sa)
        t:elapse(0.2)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = true,
            before_seal = message.change(33, function(p)
                p.body = message.patch(p.body, 5, "\2")
            end)}
    end,
}
