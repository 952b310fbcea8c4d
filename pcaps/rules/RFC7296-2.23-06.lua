return reference {
    clause = "RFC7296-2.23-06",
    title = "Once a NAT was found the initiator goes on at port 4500",
    wrong = "IKE_AUTH on port 500",
    play = function(t)
        t:peer():accept(3)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "IKE_AUTH", response = false,
            after_seal = function(_, info)
                info.source_port, info.destination_port = 500, 500
            end}
    end,
}
