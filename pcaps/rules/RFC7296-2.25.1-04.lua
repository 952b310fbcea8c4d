local message = require "lib.message"

return reference {
    clause = "RFC7296-2.25.1-04",
    title = "A Delete of a Child SA that is being rekeyed is answered as usual",
    wrong = "the response has no Delete",
    verdict = "warning",
    play = function(t)
        local cluster = t:peer()
        local sa = cluster:accept()
        local child = t.gateway:sa().children[1].spi_in
        local ours = sa.children[1].spi_in
        message.cross(t, cluster, sa,
            function() t.gateway:operate("rekey_child", sa, child) end,
            {payloads = {delete_payload {ours}}})
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "INFORMATIONAL", response = true,
                          before_seal = message.replace()}
    end,
}
