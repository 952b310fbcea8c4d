local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6027/cluster-state-lost",
    title = "A failover is no reboot: IKE and Child SAs are where they were",
    purpose = [[RFC 6027 3.2: without the long-lived state the new member knows no SA, ESP
falls into a black hole, and IKE is not answered until the peer has given up after
minutes. Several IKE SAs with several Child SAs each, and the new member must know all
of them.]],
    clauses = { "RFC6027-3.2-01" },
    gateway = "cluster",
    run = function(t)
        local peer = t:peer {}
        local sas = { peer:accept(), peer:connect(), peer:connect() }
        for _, sa in ipairs(sas) do
            sa:create_child()
            sa:request_liveness(1)
        end
        t.gateway:fail("crash")
        t:elapse(1)
        for _, sa in ipairs(sas) do
            t:expect_answer(sa:start_liveness(), {
                clauses = { "RFC6027-3.2-01" },
                text = "the new member knows the IKE SA" })
            for _, child in ipairs(sa.children) do
                sa:traffic(1, { clauses = { "RFC6027-3.2-01" },
                    text = "the new member knows the Child SA" },
                    child.spi_in)
            end
        end
    end,
}
