-- The gateway.

-- Time, for `since` of expectations.
function t:now()
    return core.now()
end

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

-- What an action is about: {member = n, sa = an IKE SA of ours, child = SPI},
-- as words. Without: the newest IKE SA of the active member.
local function whom(target)
    local words = ""
    for name, value in pairs(target or {}) do
        if name == "sa" then
            value = hex64(value.spi_i)
        elseif name == "child" then
            value = string.format("%08x", value)
        elseif name ~= "member" then
            error("an action is about sa, child or member, not " ..
                  tostring(name), 3)
        end
        words = words .. " " .. name .. "=" .. value
    end
    return words
end

-- An action that is over when it has returned.
local function act(gateway, action, argument)
    gateway:start(action, argument)
    local ended = gateway:wait()
    local status, why = core.action_status()
    if not ended then
        stop("gateway %s %s: it does not end in %d s", action, argument or "",
             ANSWER_SECONDS)
    elseif why then
        stop("gateway %s", why)
    elseif status ~= 0 then
        stop("gateway %s %s: exit status %d", action, argument or "", status)
    end
end

-- The gateway rekeys its "ike" or "child" SA; it is not awaited.
function Gateway:rekey(what, target)
    self:start("rekey", what .. whom(target))
end

-- The gateway sends a request of its own.
function Gateway:liveness(target)
    self:start("liveness", whom(target))
end

function Gateway:terminate(what, target)
    self:start("terminate", (what or "ike") .. whom(target))
end

-- It sets another IKE SA up, from the active member or the one named.
function Gateway:initiate(target)
    self:start("initiate", "new" .. whom(target))
end

-- The host behind it sends packets by itself, one each `interval` seconds
-- (default: all at once), beside whatever is done next. 0 ends it.
function Gateway:traffic(count, interval, target)
    act(self, "traffic", string.format("%d %s%s", count, interval or 0,
                                       whom(target)))
end

-- How many of those packets arrived and were accepted.
local arrived = 0
local esp_before = handlers.esp

function handlers.esp(packet)
    esp_before(packet)
    if packet.verdict == "accepted" and packet.protocol == 17 then
        arrived = arrived + 1
    end
end

function Gateway:arrived()
    return arrived
end

-- Sends that many and waits until they have all arrived.
function Gateway:await_traffic(count, target)
    local before = arrived
    self:traffic(count, 0.0001, target)
    t:await(ANSWER_SECONDS, function() return arrived >= before + count end,
            "traffic of the gateway's host")
end

function Gateway:alive()
    return core.gateway_alive()
end

-- ---- A gateway that is a cluster. Members are counted from 1. ----

-- A member ("active": the one that is) fails: "crash" (default), "planned",
-- "reboot", "freeze" or "split". Returns when it has.
function Gateway:fail(mode, member)
    if facts.gateway ~= "cluster" then
        error("the scenario says no gateway = \"cluster\"", 2)
    end
    tick()
    act(self, "fail", (mode or "crash") .. (member and " " .. member or ""))
end

-- It comes back, thaws, or joins the others again; without a number: all that
-- failed.
function Gateway:recover(member)
    tick()
    act(self, "recover", member and tostring(member))
end

-- What becomes of synch messages of a kind ("ike_sa", "ike_rekey",
-- "child_add", "child_delete", "message_id", "counter", "delete" or "all"):
-- "deliver", "lose", "delay", "hold", "duplicate", "swap" or "corrupt", with
-- {delay = s, skip = n, limit = n, to = member}; or when they are sent:
-- "at-once", "never", "every 64", "every 0.5s".
function Gateway:synch(kind, fate, details)
    if type(kind) ~= "string" or type(fate) ~= "string" then
        error("synch needs a kind of message, and what becomes of it", 2)
    end
    local words = kind .. " " .. fate
    for name, value in pairs(details or {}) do
        words = words .. " " .. name .. "=" .. value
    end
    act(self, "synch", words)
end

-- Delivers what was held.
function Gateway:release_synch()
    act(self, "release")
end

-- The member neither sends nor receives on the synch channel.
function Gateway:isolate(member, isolated)
    act(self, "isolate", member .. (isolated == false and " no" or " yes"))
end

-- What a member of the built-in gateway knows of an IKE SA of ours: fields as
-- of sa:known_to, or nil.
function Gateway:member_knows(member, sa)
    return core.sa(0, sa.initiator and sa.spi_r or sa.spi_i, member)
end
