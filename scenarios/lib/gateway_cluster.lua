-- What scenarios with a cluster under test have in common.
local M = {}

M.INFORMATIONAL, M.CREATE_CHILD_SA = "INFORMATIONAL", "CREATE_CHILD_SA"
M.SYNC, M.COUNTERS = 16422, 16423

-- The gateway's synchronization request since `since` is expected.
function M.expect_sync(t, sa, since, expectation)
    return t:expect_request({ sa = sa, exchange = M.INFORMATIONAL,
                              message_id = 0, notify = M.SYNC, since = since },
                            expectation or {})
end

-- No synchronization, neither of Message IDs nor of replay counters.
function M.expect_no_sync(t, sa, since, expectation)
    for _, kind in ipairs { M.SYNC, M.COUNTERS } do
        t:expect_no_request({ sa = sa, notify = kind, since = since },
                            expectation)
    end
end

-- The gateway fails over, and its synchronization request arrives.
function M.fail_over(t, sa, mode, expectation)
    local since = t:now()
    t.gateway:fail(mode)
    M.expect_sync(t, sa, since, expectation or {
        text = "the member that takes over synchronizes" })
    t:elapse(0.5)
    return since
end

-- Both directions work: our request is answered, the gateway's own arrives,
-- echoes come back.
function M.life_goes_on(t, sa, clauses)
    t:expect_answer(sa:start_liveness(), { clauses = clauses,
        text = "a request of ours is answered" })
    local since = t:now()
    t.gateway:liveness { sa = sa }
    t:expect_request({ sa = sa, since = since }, { clauses = clauses,
        text = "the gateway sends a request of its own" })
    t.gateway:wait()
    t:elapse(0.01)
    if #sa.children > 0 then
        sa:traffic(2, { clauses = clauses, text = "echoes come back" })
    end
end

return M
