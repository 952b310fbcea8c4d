-- Clusters.

Cluster.__index = Cluster

-- Ours and the gateway's.
local function addresses(options)
    if options.family == 6 then
        return core.address.harness6, core.address.gateway6
    end
    return core.address.harness, core.address.gateway
end

local function new_cluster(name, members, options)
    t:start_gateway(options.gateway)
    local number = core.cluster(name, members, options)
    local cluster = setmetatable({number = number, sas = {}, rules = {},
                                  established = {}}, Cluster)
    cluster.address, cluster.gateway_address = addresses(options)
    t.clusters[number] = cluster
    for kind, fate in pairs(options.synch or {}) do
        if type(fate) == "table" then
            cluster:synch(kind, fate[1], fate[2])
        else
            cluster:synch(kind, fate)
        end
    end
    return cluster
end

local function usable(sa)
    return sa and sa.established and (#sa.children > 0 or sa.childless)
end

-- The gateway initiates; returns the IKE SA once it and its Child SA are up
-- on both sides.
function Cluster:accept(seconds)
    local before = #self.established
    t.gateway:start("initiate")
    local sa
    local function up()
        sa = self.established[#self.established]
        return #self.established > before and usable(sa)
    end
    if not wait(seconds or SETUP_SECONDS, function()
        return up() or (t.gateway:status() or 0) ~= 0
    end) or not up() then
        stop("the gateway did not establish an IKE SA and its Child SA " ..
             "in %d s (initiate: %s)", seconds or SETUP_SECONDS,
             tostring(t.gateway:status() or "still running"))
    end
    t.gateway:wait(seconds or SETUP_SECONDS)
    return sa
end

-- We initiate. Fields: source, port (500 or 4500), destination.
function Cluster:connect(fields)
    fields = fields or {}
    local spi = core.connect(self.number, fields.source or self.address,
                             fields.destination or self.gateway_address,
                             fields.port)
    local sa = sa_for(self.number, spi)
    if not wait(fields.seconds or SETUP_SECONDS,
                function() return usable(sa) or sa.closed end) or
        sa.closed then
        stop("the IKE SA with the gateway did not come up: %s",
             sa.closed or "no end in " .. SETUP_SECONDS .. " s")
    end
    return sa
end

-- The next member takes over: "crash" (default; what the active one had not
-- shared is lost) or "planned".
function Cluster:fail_over(kind)
    tick()
    core.fail_over(self.number, kind or "crash")
    local _, name = core.active(self.number)
    core.verbose("failover: " .. name .. " is active")
end

-- What becomes of synch messages of a kind ("ike_sa", "message_id",
-- "counter", "delete" or "all"): "deliver", "lose", "hold" or "delay" by
-- seconds.
function Cluster:synch(kind, fate, seconds)
    if kind == "lag" then
        kind, fate, seconds = "all", fate == "never" and "deliver" or "delay",
            tonumber(fate)
    end
    core.policy(self.number, kind, fate, seconds)
end

function Cluster:release_synch()
    core.release(self.number)
end

-- Shares the ESP sequence numbers over the synch channel now.
function Cluster:synch_counters()
    core.synch_counters(self.number)
end

-- A crashed member comes back with nothing and is told everything.
function Cluster:recover(member)
    core.recover(self.number, member)
end

-- The number of the active member, and its name.
function Cluster:active()
    return core.active(self.number)
end

Rule.__index = Rule

-- Breaks rules on purpose in messages that the state machine sends. Which:
-- exchange, message_id, response (true or false), notify, when =
-- function(message). What: before_seal = function(message) return message
-- end (any field of any payload), after_seal = function(octets) return octets
-- end, times = n copies, delay = seconds, drop = true, hold = true (until
-- rule:release()). limit = how many messages it applies to. With esp = true the
-- rule is about the ESP packets of the cluster instead, all but those that are
-- replayed: when and after_seal see {octets = from the SPI on}.
function Cluster:tamper(rule)
    rule.exchange = exchange_number(rule.exchange)
    rule.left = rule.limit or math.huge
    rule.held = {}
    rule.cluster = self
    self.rules[#self.rules + 1] = setmetatable(rule, Rule)
    core.tampers(true)
    return rule
end

function Rule:release()
    tick()
    for _, info in ipairs(self.held) do
        core.send(info, info.octets)
    end
    self.held = {}
    self:remove()
end

function Rule:remove()
    self.left = 0
end

local function applies(rule, message)
    return rule.left > 0 and
        (rule.esp or false) == (message.esp or false) and
        (not rule.exchange or rule.exchange == message.exchange) and
        (not rule.message_id or rule.message_id == message.message_id) and
        (rule.response == nil or
         rule.response == (message.response or false)) and
        (not rule.when or rule.when(message))
end

local function has_notify(message, kind)
    for _, p in ipairs(message.payloads) do
        if p.notify == kind then
            return true
        end
    end
    return false
end

function handlers.compose(number, spi, message)
    local changed = false
    for _, rule in ipairs(t.clusters[number].rules) do
        if rule.before_seal and applies(rule, message) and
            (not rule.notify or has_notify(message, rule.notify)) then
            message = rule.before_seal(message) or message
            changed = true
            if not rule:acts_later() then
                rule.left = rule.left - 1
            end
            inject("tamper", rule.text or "a message is changed before " ..
                   "it is sealed")
        end
    end
    return changed and message or nil
end

function Rule:acts_later()
    return self.after_seal or self.times or self.delay or self.drop or
        self.hold
end

local function act(rule, info)
    rule.left = rule.left - 1
    if rule.after_seal then
        info.octets = rule.after_seal(info.octets)
        info.digest = core.digest(info.octets)
    end
    local what = rule.drop and "drop" or rule.hold and "hold" or
        rule.delay and "hold" or rule.times and "duplicate" or "tamper"
    inject(what, rule.text or info.esp and "an ESP packet" or string.format(
        "exchange %d, Message ID %d, %s", info.exchange, info.message_id,
        info.response and "response" or "request"), info.digest)
    if rule.drop then
        return
    elseif rule.hold then
        rule.held[#rule.held + 1] = info
    elseif rule.delay then
        later(rule.delay, function() core.send(info, info.octets) end)
    else
        for _ = 1, rule.times or 1 do
            core.send(info, info.octets)
        end
    end
end

-- True: a rule has taken care of the packet.
function tamper_esp(cluster, info)
    for _, rule in ipairs(cluster.rules) do
        if applies(rule, info) then
            act(rule, info)
            return true
        end
    end
    return false
end
