local message = require "lib.message"

return reference {
    clause = "RFC7296-2.8.1-04",
    title = "The Child SA that two rekeys have replaced is deleted",
    wrong = "half a minute later it is still there",
    verdict = "warning",
    play = function(t, violating)
        local cluster = t:peer()
        local sa = cluster:accept()
        if violating then
            message.collide(t, "\255", "\0")
        end
        t.gateway:operate("rekey_child", sa, t.gateway:sa().children[1].spi_in)
        pcall(sa.rekey_child, sa)
        t:elapse(35)
        t.gateway:send {message_id = t.gateway:sa().next_send -
                            (violating and 1 or 0)}
        t:elapse(0.2)
    end,
}
