local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6027/cluster-synch-swapped",
    title = "Synch messages of each kind are overtaken by the next",
    purpose = [[RFC 6027 3.3 and 3.6: the channel between the members fails, nobody notices, and
then the active member does. Each kind of message is overtaken by the one behind it, while exchanges of
both sides create, rekey and delete SAs. What the new member does not know may cost the
SA concerned; what it believes to know must not break the peer's.]],
    clauses = { "RFC6027-3.3-01", "RFC6027-3.3-02", "RFC6027-3.6-01",
                "RFC6027-3.6-02", "RFC6311-5.1-01", "RFC6311-5.2-01" },
    gateway = "cluster",
    needs = { "message_id_sync", "synch", "rekey", "traffic" },
    timeout = 600,
    run = function(t)
        local peer = t:peer {}
        peer:accept()
        for _, kind in ipairs { "ike_sa", "ike_rekey", "child_add",
                                "child_delete", "message_id", "counter",
                                "delete", "all" } do
            t:say("%s: swap", kind)
            local known = peer:connect()
            t.gateway:synch(kind, "swap", {})
            local fresh = peer:connect()
            local spare = known:create_child()
            known:rekey_child()
            known:delete_child(known.children[1].spi_in)
            t.gateway:liveness { sa = known }
            t:elapse(0.05)
            fresh:request_liveness(1)
            local gone = peer:connect()
            gone:delete()
            known = known:rekey()
            t.gateway:traffic(20, 0.001)
            t:elapse(0.03)
            t.gateway:fail("crash")
            t.gateway:synch("all", "deliver")
            t:elapse(6)
            for _, sa in ipairs { known, fresh } do
                if sa:exists() then
                    t:watch(sa:start_liveness(), 3)
                end
            end
            t.gateway:traffic(3)
            t:elapse(0.1)
            t.gateway:recover()
            t:elapse(0.5)
        end
    end,
}
