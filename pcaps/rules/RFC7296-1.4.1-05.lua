local message = require "lib.message"

return reference {
    clause = "RFC7296-1.4.1-05",
    title = "Deletes that cross close the pair",
    wrong = "ESP on it two seconds later",
    play = function(t, violating)
        local cluster = t:peer()
        local sa = cluster:accept()
        local last = t.gateway:tamper {esp = true, hold = true, limit = 1}
        t.gateway:ping()
        if not violating then
            last:release()
            t:elapse(0.1)
        end
        local child = t.gateway:sa().children[1].spi_in
        local ours = sa.children[1].spi_in
        message.cross(t, cluster, sa,
            function() t.gateway:operate("delete_child", sa, child) end,
            {payloads = {delete_payload {ours}}})
        t:elapse(3)
        if violating then
            last:release()
            t:elapse(0.1)
        end
    end,
}
