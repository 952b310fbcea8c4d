local message = require "lib.message"

return reference {
    clause = "RFC7296-2.25.1-06",
    title = "A rekey of the IKE SA that meets a change of Child SAs has to wait",
    wrong = "it is granted while the creation of a Child SA is outstanding",
    play = function(t)
        local cluster = t:peer()
        local sa = cluster:accept()
        message.cross(t, cluster, sa,
            function() t.gateway:operate("create_child", sa) end,
            {exchange = "CREATE_CHILD_SA", payloads = message.ike("aaaaaaaa")})
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = true,
            before_seal = message.replace(table.unpack(message.ike("bbbbbbbb")))}
    end,
}
