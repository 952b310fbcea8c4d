return scenario {
    id = "rfc7296/fragments-rekey",
    title = "CREATE_CHILD_SA requests in fragments",
    purpose = [[Rekeys of both kinds with a MODP-2048 value, longer than the fragment
size, from either side.]],
    clauses = { "RFC7383-2.4-01", "RFC7383-2.5-01", "RFC7383-2.5-04" },
    needs = { "fragmentation" },
    run = function(t)
        local cluster = t:cluster { ike = "aes128-sha256-modp2048",
            fragment_size = 300, gateway = { fragment_size = 300 } }
        local sa = cluster:accept():rekey()
        t.gateway:rekey("ike")
        sa = sa:successor()
        sa:request_liveness(1)
        sa:traffic(1)
    end,
}
