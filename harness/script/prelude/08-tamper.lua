-- What the built-in gateway does wrong on purpose. Nothing of this goes into
-- the record: the oracle has to see it.

local tampered = {rules = {}}

-- Switches on a defect of `counterfoil list defects`.
function Gateway:defect(name)
    local done, why = core.gateway_defect(name)
    if not done then
        error("defect: " .. why, 2)
    end
end

local function watch_gateway(what)
    local done, why = core.gateway_watch()
    if not done then
        error(what .. ": " .. why, 3)
    end
end

local TAMPER_GATEWAY = setmetatable(names("skip", "repeats"),
                                    {__index = TAMPER})

-- As cluster:tamper, on what the gateway sends; with esp = true on its ESP
-- packets instead (after_seal gets the octets from the SPI on; when gets
-- {octets, source, destination, ...}). skip = how many that fit are left
-- alone first; repeats = true: retransmissions count, too.
function Gateway:tamper(rule)
    only(rule, TAMPER_GATEWAY, "tamper")
    watch_gateway("tamper")
    core.tampers(true)
    rule.exchange = exchange_number(rule.exchange)
    rule.left = rule.limit or math.huge
    rule.skip = rule.skip or 0
    rule.held = {}
    tampered.rules[#tampered.rules + 1] = setmetatable(rule, Rule)
    return rule
end

local function fits(rule, message)
    if (rule.esp or false) ~= (message.esp or false) or
        not applies(rule, message) then
        return false
    elseif rule.skip > 0 then
        rule.skip = rule.skip - 1
        return false
    end
    return true
end

local function compose_tampered(message)
    local changed = false
    for _, rule in ipairs(tampered.rules) do
        if rule.before_seal and not rule.esp and
            (not rule.notify or has_notify(message, rule.notify)) and
            fits(rule, message) then
            message = rule.before_seal(message) or message
            changed = true
            if rule:acts_later() then
                rule.armed = message.message_id
            else
                rule.left = rule.left - 1
            end
        end
    end
    return changed and message or nil
end

local function send_tampered(rule, info)
    info.gateway = true
    rule.left = rule.left - 1
    if rule.after_seal then
        info.octets = rule.after_seal(info.octets, info) or info.octets
    end
    if rule.drop then
        return
    elseif rule.hold then
        rule.held[#rule.held + 1] = info
        return
    end
    local function send()
        for _ = 1, rule.times or 1 do
            core.send(info, info.octets)
        end
    end
    if rule.delay then
        later(rule.delay, send)
    else
        send()
    end
end

local function outgoing_tampered(info)
    for _, rule in ipairs(tampered.rules) do
        local wanted = rule:acts_later()
        if wanted and rule.before_seal then -- just what it has changed
            wanted = rule.armed == info.message_id
        elseif wanted and info.repeat_count and info.repeat_count > 0 then
            wanted = rule.repeats
        end
        if wanted and (rule.before_seal or fits(rule, info)) then
            rule.armed = nil
            send_tampered(rule, info)
            return true
        end
    end
    return false
end

-- The gateway is cluster 0 of the hooks.
local compose_own, outgoing_own = handlers.compose, handlers.outgoing

function handlers.compose(number, spi, message)
    if number == 0 then
        return compose_tampered(message)
    end
    return compose_own(number, spi, message)
end

function handlers.outgoing(number, info)
    if number == 0 then
        info.time = core.now()
        return outgoing_tampered(info)
    end
    return outgoing_own(number, info)
end

-- The gateway's own SPI of an IKE SA of ours, or of its newest one.
local function gateway_spi(sa)
    if sa then
        return sa.initiator and sa.spi_r or sa.spi_i
    end
    local spis = core.sas(0)
    return spis[#spis] or stop("the gateway holds no IKE SA")
end

-- What the gateway knows of an IKE SA of ours (default: of its newest one), as
-- fields of a cluster's SA: next_send, children, ...
function Gateway:sa(sa)
    watch_gateway("sa")
    return core.sa(0, gateway_spi(sa))
end

-- The octets of a message, sealed under the gateway's keys; fields see send.
function Gateway:seal(message)
    watch_gateway("seal")
    message.exchange = exchange_number(message.exchange) or 37
    message.payloads = message.payloads or {}
    local octets, why = core.seal(0, gateway_spi(message.sa), message,
                                  message.clear)
    return octets or stop("gateway send: %s", why)
end

-- The gateway sends a message of the script's own, sealed under its keys and
-- past windows and state. Fields as of sa:send, and iv = the octets of its
-- explicit IV, fragment = {number, total, next, chunk} for one in an Encrypted
-- Fragment payload (chunk: octets of the chain it holds, without: all); sa = an IKE SA of ours
-- (default: its newest one); octets and esp = true for a packet as it is.
function Gateway:send(message)
    watch_gateway("send")
    local spi = gateway_spi(message.sa)
    local octets = message.octets or self:seal(message)
    if message.corrupt then
        octets = core.corrupt(octets, message.corrupt)
    end
    if message.after_seal then
        octets = message.after_seal(octets)
    end
    local to = core.endpoints(0, spi)
    for _, name in ipairs {"source", "source_port", "destination",
                           "destination_port", "esp", "raw"} do
        to[name] = message[name] or to[name]
    end
    to.gateway = true
    for _ = 1, message.times or 1 do
        core.send(to, octets)
    end
    return octets
end

-- The gateway does something through its state machine: "liveness", "rekey",
-- "create_child", "delete", "rekey_child", "delete_child"; `child` is its
-- inbound SPI.
function Gateway:operate(what, sa, child)
    watch_gateway("operate")
    local done, why = core.operate(0, gateway_spi(sa), what, child)
    if not done then
        stop("gateway %s: %s", what, why)
    end
end

-- Any request through the gateway's state machine: {exchange, payloads}.
function Gateway:request(message, sa)
    watch_gateway("request")
    message.exchange = exchange_number(message.exchange) or 37
    local done, why = core.request(0, gateway_spi(sa), message)
    if not done then
        stop("gateway request: %s", why)
    end
end

-- The gateway's active member synchronizes an IKE SA, whatever its cluster
-- would do. Fields as of sa:synchronize.
function Gateway:synchronize(fields, sa)
    watch_gateway("synchronize")
    local sync = core.choose_sync(0, gateway_spi(sa))
    for k, v in pairs(fields or {}) do
        sync[k] = v
    end
    local done, why = core.synchronize(0, gateway_spi(sa), sync)
    if not done then
        stop("gateway synchronize: %s", why)
    end
end

-- The gateway's counters by force.
function Gateway:set_counters(next_send, next_receive, sa)
    watch_gateway("set_counters")
    core.set_counters(0, gateway_spi(sa), next_send, next_receive)
end

-- The host behind the gateway sends an echo request, unasked. Fields as of
-- sa:ping: number, iv, size, child = the gateway's inbound SPI.
function Gateway:ping(fields)
    watch_gateway("ping")
    local packet = {identifier = 0, sequence = 1, reverse = true}
    for k, v in pairs(fields or {}) do
        packet[k] = v
    end
    local octets, why = core.esp(0, gateway_spi(packet.sa), packet.child,
                                 packet)
    return octets or stop("gateway ping: %s", why)
end
