local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6027/cluster-first-member-returns",
    title = "The first member comes back and takes over again",
    purpose = [[After a crash, a reboot, a freeze and a planned hand-over: the member returns with
nothing or with old knowledge, is told what there is, and takes over when the other one
fails. Whatever it still remembered is older than what the peer has seen.]],
    clauses = { "RFC6311-5.1-04", "RFC6311-5.1-01", "RFC6311-5.2-01",
                "RFC6027-3.3-01" },
    gateway = "cluster",
    needs = { "message_id_sync", "traffic" },
    run = function(t)
        local sa = t:peer {}:accept()
        for _, mode in ipairs { "crash", "reboot", "freeze", "planned" } do
            t.gateway:await_traffic(5)
            sa:request_liveness(2)
            gateway.fail_over(t, sa, mode)
            gateway.life_goes_on(t, sa, { "RFC6027-3.3-01" })
            t.gateway:await_traffic(5)
            t.gateway:recover()
            t:elapse(0.1)
            gateway.fail_over(t, sa, "crash")
            gateway.life_goes_on(t, sa, { "RFC6027-3.3-01" })
            t.gateway:recover()
        end
    end,
}
