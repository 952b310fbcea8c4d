local message = require "lib.message"

return reference {
    clause = "RFC7296-2.25.2-02",
    title = "A rekey of an IKE SA that is being closed meets TEMPORARY_FAILURE",
    wrong = "it is granted",
    play = function(t)
        local cluster = t:peer()
        local sa = cluster:accept()
        message.cross(t, cluster, sa,
            function() t.gateway:operate("delete", sa) end,
            {exchange = "CREATE_CHILD_SA", payloads = message.ike("aaaaaaaa")})
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = true,
            before_seal = message.replace(table.unpack(message.ike("bbbbbbbb")))}
    end,
}
