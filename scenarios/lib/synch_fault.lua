-- A cluster of ours whose synch channel has one fault, then fails over.
local M = {}

-- Each kind of message that a failover depends on has the fault in its turn.
function M.play(t, fate, details)
    local cluster = t:cluster { members = 2,
        takeover = { how = "eager", jump = 10000, renew = 0.3 } }
    local sa = cluster:accept()
    sa:traffic(2)
    for _, kind in ipairs { "message_id", "counter", "child_delete",
                           "child_add" } do
        cluster:synch(kind, fate, details)
        sa:request_liveness(3)
        sa:create_child()
        if kind ~= "child_add" then
            sa:delete_child(sa.children[#sa.children].spi_in)
        end
        sa:request_liveness(2)
        sa:traffic(2)
        cluster:synch_counters()
        local knew = sa:known_to(3 - cluster:active())
        t:say("the standby knows next_send = %d of %d, %d of %d Child SAs",
              knew.next_send, sa.sent.next, #knew.children, #sa.children)
        cluster:fail_over()
        cluster:release_synch()
        t:await(30, function() return sa:synchronized() end,
                "the synchronization of the member that took over")
        if not sa:exists() then
            t:inconclusive("the IKE SA was given up")
        end
        t:expect_answer(sa:start_liveness(), { clauses = { "RFC6311-5-04" },
            text = "the new member's request is answered" })
        cluster:synch(kind, "deliver")
        cluster:recover()
        t:elapse(0.4)
        sa:request_liveness(1)
    end
end

return M
