local ours = require "lib.our_cluster"

return scenario {
    id = "rfc6311/our-pair-for-each-member",
    title = "Three members send on a Child SA pair each, and two of them fail",
    purpose = [[A load sharing cluster makes one pair for each member, since no two can
count on one. The peer must keep all of them for long, take packets of one flow from
any, and not lose those of the members that are left when others fail.]],
    clauses = { "RFC6311-3.2-01", "RFC6027-3.7-03", "RFC6027-3.7-04",
                "RFC7296-2.8-06" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster { members = 3, sharing = "duplicate",
            takeover = { how = "eager", jump = 10000 } }
        local sa = cluster:accept()
        t:await(10, function() return #sa.children == 3 end,
                "a Child SA for each member")
        local function one_flow()
            for n = 1, 3 do
                local pair = sa:pair(n)
                if pair then
                    sa:traffic(2, { clauses = { "RFC6311-3.2-01" },
                        text = "a member's own pair carries traffic" }, pair)
                end
            end
        end
        one_flow()
        one_flow()
        t:expect_no_request({ sa = sa, payload = 42 },
            { clauses = { "RFC6311-3.2-01", "RFC7296-2.8-06" }, within = 2,
              text = "no Child SA is deleted as redundant" })
        local owner = sa:owner()
        cluster:fail_over("crash", { member = owner % 3 + 1 })
        t:elapse(0.1)
        one_flow()
        cluster:fail_over("crash", { member = owner })
        ours.synchronized(t, sa)
        one_flow()
        cluster:recover()
        t:elapse(0.2)
        one_flow()
        sa:request_liveness(1)
    end,
}
