local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6027/cluster-loose",
    title = "Members with addresses of their own answer from the one addressed",
    purpose = [[RFC 6027 3.8: every member has its own address. Whoever is asked at one address
and answers from another is not heard by a peer behind a NAT or a firewall. After a
failover the address is taken over with the SAs.]],
    clauses = { "RFC6027-3.8-01", "RFC7296-2.11-01", "RFC6027-3.7-01" },
    gateway = "cluster",
    needs = { "load_sharing", "loose", "message_id_sync" },
    run = function(t)
        local peer = t:peer { gateway = { members = 2, sharing = "sticky",
                                          loose = "yes" } }
        local first = peer:accept()
        local second = peer:connect { destination = "192.0.2.3" }
        for _ = 1, 2 do
            for _, sa in ipairs { first, second } do
                t:expect_answer(sa:start_liveness(), {
                    clauses = { "RFC6027-3.8-01" },
                    text = "it is answered where it was asked" })
                sa:traffic(2)
                t.gateway:liveness { sa = sa }
                t:elapse(0.5)
            end
            t.gateway:fail("crash", 2)
            t:elapse(5)
            t.gateway:recover(2)
        end
    end,
}
