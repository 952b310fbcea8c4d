-- Clusters.

Cluster.__index = Cluster

-- Ours and the gateway's.
local function addresses(options)
    if options.family == 6 then
        return core.address.harness6, core.address.gateway6
    end
    return core.address.harness, core.address.gateway
end

-- Of a loose cluster: a table of addresses, or as many as there are members.
local function spread(cluster, options)
    local given = options.addresses or {}
    local usual = options.family == 6 and "2001:db8::%d" or "192.0.2.%d"
    for n = 1, cluster.members do
        local address = given[n] or n == 1 and cluster.address or
            string.format(usual, 10 + n)
        core.set_address(cluster.number, n, address)
        cluster.addresses[n] = address
    end
end

local function new_cluster(name, members, options)
    t:start_gateway(options.gateway)
    local number = core.cluster(name, members, options)
    local cluster = setmetatable({number = number, members = members,
                                  sas = {}, rules = {}, established = {},
                                  addresses = {},
                                  sharing = options.sharing ~=
                                      "hot_standby" and options.sharing},
                                 Cluster)
    cluster.address, cluster.gateway_address = addresses(options)
    t.clusters[number] = cluster
    core.arrange(number, options)
    local takeover = options.takeover or {}
    core.takeover(number, type(takeover) == "string" and {how = takeover} or
                  takeover)
    if options.loose then
        spread(cluster, options)
    end
    for kind, rule in pairs(options.synch or {}) do
        cluster:synch(kind, rule)
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

local CONNECT = names("source", "port", "destination", "member", "seconds")

-- We initiate. Fields: source, port (500 or 4500), destination, member.
function Cluster:connect(fields)
    fields = only(fields or {}, CONNECT, "connect")
    local member = fields.member or self:active()
    local before = self.driven
    self:drive(fields.member or before)
    local spi = core.connect(self.number, fields.source or
                             self.addresses[member] or self.address,
                             fields.destination or self.gateway_address,
                             fields.port)
    self:drive(before)
    local sa = sa_for(self.number, spi)
    if not wait(fields.seconds or SETUP_SECONDS,
                function() return usable(sa) or sa.closed end) or
        sa.closed then
        stop("the IKE SA with the gateway did not come up: %s",
             sa.closed or "no end in " .. SETUP_SECONDS .. " s")
    end
    return sa
end

-- What every member (the first 8) knew of our IKE SAs, before something
-- happened to them.
local function remember(cluster)
    cluster.before = {}
    for n = 1, math.min(cluster.members, 8) do
        cluster.before[n] = {}
        for spi in pairs(cluster.sas) do
            cluster.before[n][spi] = core.sa(cluster.number, spi, n)
        end
    end
end

-- A member fails: "crash" (default; what it had not shared is lost), "planned",
-- "reboot", "freeze" or "split". Fields: member (default: the active one), to
-- (default: the next one that is up). Returns who is active now.
function Cluster:fail_over(kind, fields)
    fields = only(fields or {}, names("member", "to"), "fail_over")
    tick()
    remember(self)
    self.failed_at = core.now()
    core.fail(self.number, kind or "crash", fields.member, fields.to)
    local number, name = core.active(self.number)
    core.verbose(string.format("failover (%s): %s is active", kind or "crash",
                               name))
    return number
end

-- It comes back, thaws or joins the others again; without a number: all that
-- failed.
function Cluster:recover(member)
    tick()
    for n = member or 1, member or self.members do
        core.recover(self.number, n)
    end
end

-- Fails over and back: {times = 5, interval = 0.5, kind = "reboot"}.
function Cluster:flap(fields)
    fields = only(fields or {}, names("times", "interval", "kind"), "flap")
    for _ = 1, fields.times or 5 do
        self:fail_over(fields.kind or "reboot")
        wait(fields.interval or 0.5)
        self:recover()
    end
end

-- The member neither sends nor receives on the synch channel; false: again.
function Cluster:isolate(member, isolated)
    core.isolate(self.number, member, isolated ~= false)
end

-- "every 3", "every 0.5s", "at-once", "never"; nil if it is none of them.
local function schedule(word)
    local number, unit = word:match("^every (.-)(s?)$")
    if number then
        local every = tonumber(number)
        if unit ~= "s" then
            every = math.tointeger(every)
        end
        if not every or every <= 0 then
            error("there is no schedule \"" .. word .. "\"", 3)
        end
        return {when = unit == "s" and "time" or "count", every = every}
    end
    return (word == "at-once" or word == "never") and {when = word}
end

-- What becomes of synch messages of a kind ("ike_sa", "ike_rekey", "child_add",
-- "child_delete", "message_id", "counter", "delete" or "all"): "deliver",
-- "lose", "delay", "hold", "duplicate", "swap" or "corrupt", with {delay = s,
-- skip = n, limit = n, to = member}; or when they are sent: "at-once", "never",
-- "every 3", "every 0.5s"; or both: {when = "every 3", fate = ...}.
function Cluster:synch(kind, fate, details)
    if kind == "lag" then
        kind, fate, details = "all", fate == "never" and "deliver" or "delay",
            tonumber(fate)
    end
    if type(fate) ~= "string" and type(fate) ~= "table" then
        error("the fate of synch messages is a word, not " .. type(fate), 2)
    end
    local rule = {}
    if type(details) == "number" then
        rule.delay = details
    end
    for name, value in pairs(type(details) == "table" and details or {}) do
        rule[name] = value
    end
    if type(fate) == "table" then
        rule = {fate = fate[1], delay = fate[2]}
        for name, value in pairs(fate) do
            if math.type(name) ~= "integer" then
                rule[name] = value
            end
        end
    elseif not schedule(fate) then
        rule.fate = fate
    else
        rule.when = fate
    end
    if rule.when then
        local when = schedule(rule.when) or
            error("there is no schedule " .. tostring(rule.when), 2)
        rule.when, rule.every = when.when, rule.every or when.every
    end
    core.policy(self.number, kind, rule)
end

function Cluster:release_synch()
    core.release(self.number)
end

-- Shares the ESP sequence numbers over the synch channel now.
function Cluster:synch_counters()
    core.synch_counters(self.number)
end

-- The number of the active member, and its name.
function Cluster:active()
    return core.active(self.number)
end

-- Who would take over from a member, or nil.
function Cluster:successor(member)
    for i = 1, self.members - 1 do
        local n = (member + i - 1) % self.members + 1
        if core.member(self.number, n).up then
            return n
        end
    end
end

-- {up, active, name} of a member.
function Cluster:member(member)
    return core.member(self.number, member)
end

-- From now on what is done with IKE SAs is done by this member, whoever is
-- active; without a number by whom they belong to.
function Cluster:drive(member)
    self.driven = member
    core.drive(self.number, member)
end

-- The IKE SAs that belong to a member.
function Cluster:sas_of(member)
    local sas = {}
    for _, spi in ipairs(core.sas_of(self.number, member)) do
        sas[#sas + 1] = sa_for(self.number, spi)
    end
    return sas
end

Rule.__index = Rule

local TAMPER = names("exchange", "message_id", "response", "notify", "when",
                     "before_seal", "after_seal", "times", "delay", "drop",
                     "hold", "limit", "esp", "text")

-- Breaks rules on purpose in messages that the state machine sends. Which:
-- exchange, message_id, response (true or false), notify, when =
-- function(message). What: before_seal = function(message) return message
-- end (any field of any payload), after_seal = function(octets) return octets
-- end, times = n copies, delay = seconds, drop = true, hold = true (until
-- rule:release()). limit = how many messages it applies to. With esp = true the
-- rule is about the ESP packets of the cluster instead, all but those that are
-- replayed: when and after_seal see {octets = from the SPI on}.
function Cluster:tamper(rule)
    only(rule, TAMPER, "tamper")
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
