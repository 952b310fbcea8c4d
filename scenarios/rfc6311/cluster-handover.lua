local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6311/cluster-handover",
    title = "A planned hand-over loses nothing",
    purpose = [[Maintenance: the active member hands over in good order while both
sides have used many Message IDs and ESP numbers. No number may be used again, and
no request may be lost.]],
    clauses = { "RFC6311-5.1-01", "RFC6311-5.1-03", "RFC6311-5.2-01" },
    gateway = "cluster",
    needs = { "message_id_sync" },
    run = function(t)
        local sa = t:peer {}:accept()
        t.gateway:synch("message_id", "lose")
        t.gateway:synch("counter", "lose")
        sa:traffic(20)
        sa:request_liveness(4)
        for _ = 1, 3 do
            t.gateway:liveness()
            t:elapse(0.05)
        end
        gateway.fail_over(t, sa, "planned")
        gateway.life_goes_on(t, sa)
    end,
}
