local message = require "lib.message"

return reference {
    clause = "RFC7296-1.4.1-06",
    title = "Of Deletes that cross neither names the pair again",
    wrong = "the response has a Delete of the half that was asked to be deleted",
    play = function(t, violating)
        local cluster = t:peer()
        local sa = cluster:accept()
        local child = t.gateway:sa().children[1].spi_in
        local ours = sa.children[1].spi_in
        if violating then
            t.gateway:tamper {exchange = "INFORMATIONAL", response = true,
                before_seal = message.replace(delete_payload {child})}
        end
        message.cross(t, cluster, sa,
            function() t.gateway:operate("delete_child", sa, child) end,
            {payloads = {delete_payload {ours}}})
    end,
}
