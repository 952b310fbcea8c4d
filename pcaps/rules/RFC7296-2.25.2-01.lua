local message = require "lib.message"

return reference {
    clause = "RFC7296-2.25.2-01",
    title = "A rekey of the IKE SA that is being rekeyed is answered as usual",
    wrong = "it meets TEMPORARY_FAILURE",
    play = function(t)
        local cluster = t:peer()
        local sa = cluster:accept()
        message.cross(t, cluster, sa,
            function() t.gateway:operate("rekey", sa) end,
            {exchange = "CREATE_CHILD_SA", payloads = message.ike("aaaaaaaa")})
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = true,
            before_seal = message.replace(notify("TEMPORARY_FAILURE"))}
    end,
}
