local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6311/cluster-window-after-sync",
    title = "A member holds the window that its synchronization has declared",
    purpose = [[Below P1 and beyond the window nothing is answered, before our answer as well as
after it. A member that does answers recorded requests, which is what the declaration is
to prevent.]],
    clauses = { "RFC6311-8.1-01", "RFC6311-6.3-03" },
    gateway = "cluster",
    needs = { "message_id_sync" },
    run = function(t)
        local peer = t:peer {}
        local sa = peer:accept()
        sa:request_liveness(4)
        local held = peer:tamper { exchange = gateway.INFORMATIONAL,
            message_id = 0, response = true, hold = true,
            text = "the answer to the synchronization comes late" }
        gateway.fail_over(t, sa, "crash")
        -- Its P1, which may be higher than our next Message ID was.
        local p1, window = sa.sent.next, sa.peer_window
        local function outside(when)
            for _, id in ipairs { p1 - 1, p1 - 3, p1 + window,
                                 p1 + window + 6 } do
                t:expect_silence(sa:send { message_id = id, payloads = {} },
                    { clauses = { "RFC6311-8.1-01" }, text = when })
            end
        end
        outside("outside of the declared window, before our answer")
        held:release()
        t:elapse(2)
        outside("outside of the declared window, after our answer")
        t:expect_answer(sa:start_liveness(), { clauses = { "RFC6311-6.3-03" },
            text = "the request that P1 announced is answered" })
    end,
}
