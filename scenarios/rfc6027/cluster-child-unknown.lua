local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6027/cluster-child-unknown",
    title = "A Child SA that only the dead member knew",
    purpose = [[RFC 6027 3.6: the message that tells of a new Child SA is lost, late, or damaged
on the synch channel. The IKE SA and the other Child SA have to live on; ESP on the
unknown one may be lost, but we can make a new one.]],
    clauses = { "RFC6027-3.6-01", "RFC6311-5.1-01" },
    gateway = "cluster",
    needs = { "message_id_sync", "synch" },
    run = function(t)
        local sa = t:peer {}:accept()
        for _, fate in ipairs { "lose", "corrupt", "hold" } do
            if not sa:exists() then
                t:inconclusive("the IKE SA was torn down, as RFC 6311 8.3 " ..
                               "prefers")
            end
            local old = sa.children[1].spi_in
            t.gateway:synch("child_add", fate)
            sa:create_child()
            t.gateway:synch("child_add", "deliver")
            t.gateway:fail("crash")
            t:elapse(5)
            t:expect_answer(sa:start_liveness(), {
                clauses = { "RFC6027-3.6-01" }, text = "the IKE SA lives" })
            sa:traffic(1, { clauses = { "RFC6027-3.6-01" },
                text = "the Child SA that was known carries traffic" }, old)
            for _, child in ipairs(sa.children) do
                sa:ping { child = child.spi_in }
            end
            t.gateway:release_synch()
            sa:create_child()
            t.gateway:recover()
        end
    end,
}
