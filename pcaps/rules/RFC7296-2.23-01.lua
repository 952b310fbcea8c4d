return reference {
    clause = "RFC7296-2.23-01",
    title = "The response to IKE_SA_INIT goes where the request came from",
    wrong = "it goes to another port",
    role = "responder",
    play = function(t, violating)
        local cluster = t:peer()
        pcall(cluster.connect, cluster, {seconds = 0.3})
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "IKE_SA_INIT", response = true,
            after_seal = function(_, info)
                info.destination_port = 4511
            end}
    end,
}
