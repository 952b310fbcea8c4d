return scenario {
    id = "rfc6311/simultaneous-failover",
    title = "Clusters at both ends fail over in the same instant",
    purpose = [[RFC 6311 A.4: two synchronization requests cross on the wire. Each side
answers the other's, and both end with the higher values; afterwards requests and traffic
flow as before.]],
    clauses = { "RFC6311-A-02", "RFC6311-5-04" },
    gateway = "cluster",
    needs = { "message_id_sync", "eager_sync", "traffic" },
    run = function(t)
        local gateway = require "lib.gateway_cluster"
        local cluster = t:cluster { takeover = { how = "eager",
                                                 jump = 10000 } }
        local sa = cluster:accept()
        for n = 1, 3 do
            sa:request_liveness(n)
            t.gateway:liveness { sa = sa }
            t.gateway:wait()
            sa:traffic(2)
            local since = t:now()
            cluster:fail_over()
            t.gateway:fail("crash")
            t:expect_answer(sa:last_sync(), { clauses = { "RFC6311-5-04",
                                                          "RFC6311-A-02" },
                text = "our synchronization is answered" })
            gateway.expect_sync(t, sa, since, { clauses = { "RFC6311-A-02" },
                text = "so the gateway's member synchronizes too" })
            t:await(20, function() return sa:synchronized() end,
                    "our synchronization")
            t:elapse(3.5)
            gateway.life_goes_on(t, sa, { "RFC6311-A-02" })
            cluster:recover()
            t.gateway:recover()
        end
    end,
}
