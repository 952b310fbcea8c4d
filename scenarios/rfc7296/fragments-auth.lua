return scenario {
    id = "rfc7296/fragments-auth",
    title = "IKE_AUTH with certificates in small fragments, both ways",
    purpose = [[Certificates make IKE_AUTH long; in fragments of 500 octets it takes
several datagrams in each direction, under one Message ID.]],
    clauses = { "RFC7383-2.4-01", "RFC7383-2.5-01", "RFC7383-2.5-02",
                "RFC7383-2.5-03" },
    needs = { "fragmentation" },
    run = function(t)
        local cluster = t:cluster { auth = "rsa", fragment_size = 500,
                                    gateway = { fragment_size = 500 } }
        local sa = cluster:accept()
        sa:traffic(1)
        sa:request_liveness(1)
    end,
}
