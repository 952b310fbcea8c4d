return scenario {
    id = "rfc6027/cluster-sharing",
    title = "Members that share the load do not get in each other's way",
    purpose = [[RFC 6027 3.7: three active members, each with IKE SAs of its own, and both sides
send. Message IDs, ESP numbers and IVs on one SA come from one member, and what we send
reaches the one that knows the SA, from whatever port.]],
    clauses = { "RFC6027-3.7-01", "RFC6027-3.7-02", "RFC6311-3.4-51",
                "RFC7296-2.1-09" },
    gateway = "cluster",
    needs = { "load_sharing", "traffic" },
    run = function(t)
        local peer = t:peer { gateway = { members = 3, sharing = "sticky" } }
        local sas = { peer:accept() }
        for _ = 1, 5 do
            sas[#sas + 1] = peer:connect()
        end
        for round = 1, 2 do
            for _, sa in ipairs(sas) do
                t:expect_answer(sa:start_liveness(), {
                    clauses = { "RFC6027-3.7-02" },
                    text = "the member that has the IKE SA answers" })
                sa:traffic(2, { clauses = { "RFC6027-3.7-02" },
                    text = "the member that has the Child SA gets the packet" })
                t.gateway:liveness { sa = sa }
                t:elapse(0.05)
            end
            t.gateway:await_traffic(30)
            if round == 1 then
                t.gateway:fail("crash", 2)
                t:elapse(2)
            end
        end
    end,
}
