local message = require "lib.message"

return reference {
    clause = "RFC7296-2.8.1-02",
    title = "While two rekeys cross both new SAs are accepted",
    wrong = "INVALID_SPI for one of them, which was never deleted",
    play = function(t, violating)
        local cluster = t:peer()
        local sa = cluster:accept()
        local mine
        if violating then
            mine = message.collide(t, "\0", "\255")
            cluster:tamper {exchange = "INFORMATIONAL", response = false,
                            drop = true, text = "our Delete is lost"}
        end
        t.gateway:operate("rekey_child", sa, t.gateway:sa().children[1].spi_in)
        pcall(sa.rekey_child, sa)
        t:elapse(1.5)
        if violating then
            t.gateway:send {message_id = t.gateway:sa().next_send - 1,
                            payloads = {notify("INVALID_SPI", mine.other)}}
        end
        t:elapse(0.2)
    end,
}
