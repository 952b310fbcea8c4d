local message = require "lib.message"

return reference {
    clause = "RFC7296-2.25.2-05",
    title = "A new Child SA has to wait while the IKE SA is being rekeyed",
    wrong = "it is made on the old IKE SA",
    play = function(t)
        local cluster = t:peer()
        local sa = cluster:accept()
        message.cross(t, cluster, sa,
            function() t.gateway:operate("rekey", sa) end,
            {exchange = "CREATE_CHILD_SA", payloads = message.child("aaaa")})
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = true,
            before_seal = message.replace(table.unpack(message.child("bbbb")))}
    end,
}
