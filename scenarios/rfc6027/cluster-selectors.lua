local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6027/cluster-selectors",
    title = "Narrowed selectors are the same at every member",
    purpose = [[RFC 6027 3.2: the selectors that were negotiated are narrower than what the
policy allows. A member that takes over with others sends what the peer drops, or drops
what the peer sends.]],
    clauses = { "RFC6027-3.2-02" },
    gateway = "cluster",
    needs = { "traffic" },
    run = function(t)
        local sa = t:peer { gateway = { local_ts = "203.0.113.0/29",
                                        peer_ts = "198.51.100.0/30" } }:accept()
        t.gateway:await_traffic(2)
        sa:traffic(2)
        t.gateway:fail("crash")
        t:elapse(1)
        sa:traffic(2, { clauses = { "RFC6027-3.2-02" },
            text = "what the selectors allow passes as before" })
        t.gateway:await_traffic(2)
    end,
}
