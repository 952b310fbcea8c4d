return scenario {
    id = "rfc7296/retransmissions-grow",
    title = "An unanswered request is repeated, ever more slowly",
    purpose = [[Our answer does not come for a long while. The gateway repeats the
request under its Message ID, at intervals that grow, and goes on when the answer is
there at last. A gateway that gives up early does not outlive a failover, and one
that does not slow down makes the congestion worse.]],
    clauses = { "RFC7296-2.1-07", "RFC7296-2.2-01", "RFC7296-2.4-10",
                "RFC7296-2.1-09" },
    timeout = 60,
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        local held = cluster:tamper { exchange = "CREATE_CHILD_SA",
            response = true, hold = true, text = "our answer is late" }
        t.gateway:rekey("child")
        local first = sa:await_request { exchange = "CREATE_CHILD_SA" }
        t:expect_request({ sa = sa, exchange = "CREATE_CHILD_SA",
                           message_id = first.message_id, again = true,
                           since = first.time },
            { clauses = { "RFC7296-2.1-07" }, within = 10,
              text = "the request is sent again" })
        t:wait(20, function()
            local copies = 0
            for _, header in ipairs(sa.incoming) do
                if not header.response and
                    header.message_id == first.message_id then
                    copies = copies + 1
                end
            end
            return copies >= 6
        end)
        held:release()
        t:expect_request({ sa = sa, exchange = "INFORMATIONAL",
                           message_id = first.message_id + 1 },
            { clauses = { "RFC7296-2.1-03" },
              text = "the late answer is taken, and the next ID follows" })
    end,
}
