-- A cluster under test whose synch channel has one fault, then fails over.
local M = {}

local KINDS = { "ike_sa", "ike_rekey", "child_add", "child_delete",
                "message_id", "counter", "delete", "all" }

-- Exchanges of both sides that make a member tell messages of every kind.
-- Returns two IKE SAs: one from before the fault, one from after it.
local function exchanges(t, peer, known)
    local fresh = peer:connect()
    known:create_child()
    known:rekey_child()
    known:delete_child(known.children[1].spi_in)
    t.gateway:liveness { sa = known }
    t:elapse(0.05)
    fresh:request_liveness(1)
    peer:connect():delete()
    known = known:rekey()
    t.gateway:traffic(20, 0.001)
    t:elapse(0.03)
    return known, fresh
end

-- Each kind of message has the fault in its turn.
function M.play(t, fate, details)
    local peer = t:peer {}
    peer:accept()
    for _, kind in ipairs(KINDS) do
        t:say("%s: %s", kind, fate)
        local known = peer:connect()
        t.gateway:synch(kind, fate, details)
        local fresh
        known, fresh = exchanges(t, peer, known)
        t.gateway:fail("crash")
        t.gateway:synch("all", "deliver")
        t:elapse(6)
        for _, sa in ipairs { known, fresh } do
            if sa:exists() then
                t:watch(sa:start_liveness(), 3)
            end
        end
        t.gateway:traffic(3)
        t:elapse(0.1)
        t.gateway:recover()
        t:elapse(0.5)
    end
end

return M
