local message = require "lib.message"

return reference {
    clause = "RFC7296-2.8.1-03",
    title = "Of two rekeys that cross the one with the lowest nonce is undone",
    wrong = "its creator deletes the other one",
    play = function(t, violating)
        local cluster = t:peer()
        local sa = cluster:accept()
        local mine
        if violating then
            mine = message.collide(t, "\255", "\0")
            cluster:tamper {exchange = "INFORMATIONAL", response = false,
                            drop = true, text = "our Delete is lost"}
        end
        t.gateway:operate("rekey_child", sa, t.gateway:sa().children[1].spi_in)
        pcall(sa.rekey_child, sa)
        if violating then
            t.gateway:send {message_id = t.gateway:sa().next_send - 1, payloads = {
                delete_payload {string.unpack(">I4", mine.spi)}}}
        end
        t:elapse(0.3)
    end,
}
