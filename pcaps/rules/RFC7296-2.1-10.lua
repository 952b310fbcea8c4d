local message = require "lib.message"

return reference {
    clause = "RFC7296-2.1-10",
    title = "A repeated IKE_SA_INIT brings the same response",
    wrong = "the second response has another nonce",
    role = "responder",
    play = function(t, violating)
        local cluster = t:peer()
        cluster:tamper {exchange = "IKE_AUTH", response = false, drop = true,
                        text = "our IKE_AUTH request is late"}
        cluster:tamper {exchange = "IKE_SA_INIT", response = false, times = 2,
                        text = "our request comes twice"}
        pcall(cluster.connect, cluster, {seconds = 0.5})
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "IKE_SA_INIT", response = true, skip = 1,
            limit = 1, repeats = true, after_seal = function(octets)
                return message.patch(octets, 130, "changed") -- the nonce
            end}
    end,
}
