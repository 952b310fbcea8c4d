return scenario {
    id = "rfc6027/our-reboot",
    title = "A single member reboots, knows nothing, and connects anew",
    purpose = [[RFC 6027 3.2: without any state on the other side a failover is a reboot. The
gateway still has the old SAs; nobody answers on them any more. It must let itself be
connected to anew, and the new SAs must work while the old ones linger.]],
    clauses = { "RFC6027-3.2-01" },
    role = "responder",
    run = function(t)
        local cluster = t:peer {}
        local old = cluster:connect {}
        old:traffic(2)
        cluster:fail_over("reboot")
        local sa = cluster:connect {}
        sa:traffic(2, { text = "the new Child SA works" })
        t:expect_answer(sa:start_liveness(), {
            text = "the new IKE SA works" })
        t:elapse(1)
        sa:traffic(1)
    end,
}
