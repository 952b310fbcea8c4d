local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6027/cluster-rekey-after",
    title = "A cluster that rekeys its Child SAs after a failover",
    purpose = [[RFC 6027 3.5: new Child SAs are the other way to end all doubt about counters.
Four of them are rekeyed at once, one after the other in the window, without losing any
and with traffic through all of them.]],
    clauses = { "RFC6027-3.5-04", "RFC6311-6.3-02" },
    gateway = "cluster",
    needs = { "message_id_sync", "rekey" },
    run = function(t)
        local sa = t:peer { gateway = { rekey_after = "yes" } }:accept()
        for _ = 1, 3 do
            sa:create_child()
        end
        local since = gateway.fail_over(t, sa, "crash")
        t:expect_request({ sa = sa, exchange = gateway.CREATE_CHILD_SA,
            since = since }, { text = "a Child SA is rekeyed" })
        t:elapse(5)
        for _, child in ipairs(sa.children) do
            sa:traffic(2, { clauses = { "RFC6027-3.5-04" },
                text = "every Child SA carries traffic" }, child.spi_in)
        end
        t:expect_answer(sa:start_liveness(),
                        { clauses = { "RFC6027-3.5-04" } })
    end,
}
