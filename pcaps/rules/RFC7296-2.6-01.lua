local message = require "lib.message"

return reference {
    clause = "RFC7296-2.6-01",
    title = "Each IKE SA has an SPI of its own",
    wrong = "the responder gives one to two IKE SAs",
    role = "responder",
    play = function(t)
        local cluster = t:peer()
        cluster:connect()
        pcall(cluster.connect, cluster, {seconds = 0.5})
    end,
    violate = function(t)
        local first
        t.gateway:tamper {exchange = "IKE_SA_INIT", response = true,
            after_seal = function(octets)
                first = first or octets:sub(9, 16)
                return message.patch(octets, 9, first)
            end}
    end,
}
