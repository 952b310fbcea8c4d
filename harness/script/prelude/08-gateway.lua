-- The gateway.

Gateway.__index = Gateway
t.gateway = setmetatable({}, Gateway)

-- Starts an executable of its adapter: "initiate", "rekey", ...
function Gateway:start(action, argument)
    if not self:wait(ANSWER_SECONDS) then
        stop("the gateway's last action is still running")
    end
    local done, why = core.action(action, argument)
    if not done then
        stop("gateway %s: %s", action, why)
    end
end

-- nil while it runs, else its exit status.
function Gateway:status()
    return core.action_status()
end

function Gateway:wait(seconds)
    return wait(seconds or ANSWER_SECONDS,
                function() return core.action_status() ~= nil end)
end

-- The gateway rekeys its "ike" or "child" SA; it is not awaited.
function Gateway:rekey(what)
    self:start("rekey", what)
end

-- The gateway sends a request of its own.
function Gateway:liveness()
    self:start("liveness")
end

function Gateway:terminate(what)
    self:start("terminate", what or "ike")
end

function Gateway:alive()
    return core.gateway_alive()
end
