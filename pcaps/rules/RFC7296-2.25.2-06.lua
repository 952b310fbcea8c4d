local message = require "lib.message"

return reference {
    clause = "RFC7296-2.25.2-06",
    title = "A Delete of a Child SA is answered while the IKE SA is being rekeyed",
    wrong = "the response has no Delete",
    verdict = "warning",
    play = function(t)
        local cluster = t:peer()
        local sa = cluster:accept()
        local ours = sa.children[1].spi_in
        message.cross(t, cluster, sa,
            function() t.gateway:operate("rekey", sa) end,
            {payloads = {delete_payload {ours}}})
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "INFORMATIONAL", response = true,
                          before_seal = message.replace()}
    end,
}
