local message = require "lib.message"

return reference {
    clause = "RFC7296-2.8-10",
    title = "ESP on a new SA whose response is missing: the request comes again",
    wrong = "INVALID_SPI for the SA that it asks for",
    verdict = "warning",
    play = function(t, violating)
        local cluster = t:peer {window = 4}
        local sa = cluster:accept()
        local spi
        t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = false,
                          before_seal = message.change(33, function(p)
                              spi = p.body:sub(9, 12)
                          end)}
        cluster:tamper {exchange = "CREATE_CHILD_SA", response = true,
                        drop = true, limit = 1, text = "our answer is lost"}
        t.gateway:operate("create_child", sa)
        t:elapse(0.2)
        sa:ping()
        t:elapse(0.1)
        if violating then
            message.inform(t, notify("INVALID_SPI", spi))
        end
        t:elapse(5)
    end,
}
