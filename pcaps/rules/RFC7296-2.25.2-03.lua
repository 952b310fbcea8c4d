local message = require "lib.message"

return reference {
    clause = "RFC7296-2.25.2-03",
    title = "A Delete of an IKE SA that is being rekeyed is answered as usual",
    wrong = "it meets TEMPORARY_FAILURE",
    play = function(t)
        local cluster = t:peer()
        local sa = cluster:accept()
        message.cross(t, cluster, sa,
            function() t.gateway:operate("rekey", sa) end,
            {payloads = {delete_payload()}})
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "INFORMATIONAL", response = true,
            before_seal = message.replace(notify("TEMPORARY_FAILURE"))}
    end,
}
