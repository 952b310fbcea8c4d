-- What scenarios with a cluster of ours that takes over by itself have in
-- common.
local M = {}

-- The member that has taken over has asked the gateway, and is answered.
function M.synchronized(t, sa, text)
    t:expect_answer(sa:last_sync(), { clauses = { "RFC6311-5-04" },
        text = text or "the member that took over is answered" })
    t:await(20, function() return sa:synchronized() end,
            "the synchronization of the member that took over")
end

-- Our requests are answered and echoes come back.
function M.life_goes_on(t, sa, clauses)
    t:expect_answer(sa:start_liveness(), { clauses = clauses,
        text = "a request of ours is answered" })
    t:elapse(0.01)
    for _, child in ipairs(sa.children) do
        sa:traffic(1, { clauses = clauses, text = "an echo comes back" },
                   child.spi_in)
    end
end

-- The gateway starts an exchange of its own, and both sides go on.
function M.gateway_goes_on(t, sa)
    local since = t:now()
    t.gateway:rekey("child")
    t:expect_request({ sa = sa, exchange = "CREATE_CHILD_SA",
                       since = since },
        { text = "the gateway's own request arrives" })
    t.gateway:wait()
    t:elapse(0.2)
end

return M
