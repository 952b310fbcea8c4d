local message = require "lib.message"

return reference {
    clause = "RFC7296-2.21.2-03",
    title = "IKE_AUTH with an unknown critical payload is refused for it",
    wrong = "the response names no error",
    role = "responder",
    play = function(t)
        local cluster = t:peer()
        cluster:tamper {exchange = "IKE_AUTH", response = false,
            before_seal = message.add(payload(100, "", {flags = 0x80})),
            text = "a critical payload that nobody knows"}
        pcall(cluster.connect, cluster, {seconds = 1})
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "IKE_AUTH", response = true,
            before_seal = function(m)
                m.payloads = {notify(40000)}
                return m
            end}
    end,
}
