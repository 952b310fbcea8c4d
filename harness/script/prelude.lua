-- What a scenario sees: `t`, clusters, IKE SAs, payload makers. Built on the
-- functions of `core` (bind_*.c). A scenario does things and says what should
-- be seen; every expectation goes into events.jsonl and is judged from the
-- capture, never here.

local core, facts = ...

local NS = 1000000000
local EXCHANGES = {
    IKE_SA_INIT = 34, IKE_AUTH = 35, CREATE_CHILD_SA = 36,
    INFORMATIONAL = 37, IKE_SESSION_RESUME = 38, IKE_INTERMEDIATE = 43,
    IKE_FOLLOWUP_KE = 44,
}
local PAYLOADS = {
    SA = 33, KE = 34, IDi = 35, IDr = 36, CERT = 37, CERTREQ = 38, AUTH = 39,
    NONCE = 40, N = 41, D = 42, V = 43, TSi = 44, TSr = 45, SK = 46, CP = 47,
    EAP = 48, SKF = 53,
}
local ANSWER_SECONDS = 5    -- an answer that a gateway owes
local SILENCE_SECONDS = 0.8 -- longer than the first retransmission (0.5 s)
local SETUP_SECONDS = 15    -- an IKE SA and its Child SA

local handlers = {}
local timers = {}           -- {due, action}, unordered
local t = {clusters = {}}
local SA, Cluster, Rule, Gateway = {}, {}, {}, {}
local unmet = 0             -- expectations that looked unmet while playing

---------------------------------------------------------------- ends, time

-- Ends the scenario: it cannot go on, and nobody is accused.
local function stop(...)
    error({inconclusive = string.format(...)}, 0)
end

local function exchange_number(exchange)
    if exchange == nil or math.type(exchange) == "integer" then
        return exchange
    end
    return EXCHANGES[exchange] or
        error("there is no exchange named " .. tostring(exchange), 3)
end

local function next_timer()
    local due = math.maxinteger
    for _, timer in ipairs(timers) do
        due = math.min(due, timer.due)
    end
    return due
end

local function run_timers(now)
    local ready = {}
    for i = #timers, 1, -1 do
        if timers[i].due <= now then
            table.insert(ready, 1, table.remove(timers, i))
        end
    end
    for _, timer in ipairs(ready) do
        timer.action()
    end
end

local function later(seconds, action)
    local due = core.now() + math.floor(seconds * NS)
    timers[#timers + 1] = {due = due, action = action}
end

-- Drives the world until `ready()` or for `seconds`.
local function wait(seconds, ready)
    local deadline = core.now() + math.floor(seconds * NS)
    while true do
        if ready and ready() then
            return true
        end
        local now = core.now()
        run_timers(now)
        if now >= deadline then
            return ready ~= nil and ready() or false
        end
        core.step(math.min(deadline, next_timer()))
    end
end

-- What the script does takes a microsecond, so that in virtual time too it
-- comes after what it answers to.
local function tick()
    core.step(core.now() + 1000)
end

local function hex64(spi)
    return string.format("%016x", spi)
end

local function hex(octets)
    return (octets:gsub(".", function(c)
        return string.format("%02x", c:byte())
    end))
end

local function inject(what, text, digest)
    core.verbose(what .. ": " .. text)
    core.note {event = "inject", what = what, text = text, digest = digest}
end

---------------------------------------------------------------- payloads

-- Notify payload: a registry name or a number, its data, and other fields
-- (protocol, spi, flags, length).
function notify(kind, data, fields)
    local payload = {notify = kind, data = data or ""}
    for k, v in pairs(fields or {}) do
        payload[k] = v
    end
    return payload
end

-- Any payload by its number or short name.
function payload(kind, body, fields)
    local result = {type = PAYLOADS[kind] or kind, body = body or ""}
    for k, v in pairs(fields or {}) do
        result[k] = v
    end
    return result
end

-- IKEV2_MESSAGE_ID_SYNC (RFC 6311 6.3) with M1 and P1.
function sync_notify(nonce, m1, p1)
    return notify("IKEV2_MESSAGE_ID_SYNC",
                  nonce .. string.pack(">I4I4", m1, p1))
end

-- IPSEC_REPLAY_COUNTER_SYNC (RFC 6311 6.4); `size` is 4 or 8 octets.
function counter_notify(delta, size)
    return notify("IPSEC_REPLAY_COUNTER_SYNC",
                  string.pack(">I" .. (size or 4), delta))
end

-- Delete payload for the IKE SA, or for ESP SPIs.
function delete_payload(spis)
    if not spis then
        return payload("D", "\1\0\0\0")
    end
    local body = string.pack(">BBI2", 3, 4, #spis)
    for _, spi in ipairs(spis) do
        body = body .. string.pack(">I4", spi)
    end
    return payload("D", body)
end

function random(size)
    return core.random(size)
end

---------------------------------------------------------------- IKE SAs

local function sa_for(number, spi)
    local cluster = t.clusters[number]
    local sa = cluster.sas[spi]
    if not sa then
        sa = setmetatable({cluster = cluster, number = number, spi = spi,
                           sent_messages = {}, requests = {}, responses = {},
                           incoming = {}}, SA)
        cluster.sas[spi] = sa
    end
    return sa
end

SA.__index = function(sa, name)
    if SA[name] then
        return SA[name]
    end
    local info = core.sa(sa.number, sa.spi)
    if not info then
        return nil
    end
    if name == "sent" then
        return {next = info.next_send, highest = info.next_send - 1}
    elseif name == "received" then
        return {next = info.next_receive, highest = info.next_receive - 1}
    end
    return info[name]
end

-- Is there still such an SA at the active member?
function SA:exists()
    return core.sa(self.number, self.spi) ~= nil
end

local function reference(sa, message)
    return {sa = sa, spi_i = message.spi_i, spi_r = message.spi_r,
            exchange = message.exchange, message_id = message.message_id,
            digest = message.digest, time = message.time,
            octets = message.octets, nonce = message.nonce}
end

local function last_request(sa)
    for i = #sa.sent_messages, 1, -1 do
        if not sa.sent_messages[i].response then
            return reference(sa, sa.sent_messages[i])
        end
    end
end

-- A response to `ref` among what arrived (by header; the oracle looks inside).
local function answered(ref)
    for _, header in ipairs(ref.sa.incoming) do
        if header.response and header.time >= ref.time and
            header.message_id == ref.message_id and
            header.exchange == ref.exchange then
            return true
        end
    end
    return false
end

-- A synchronization under way is settled before anything new is asked.
local function settle(sa)
    local sync = sa.pending_sync
    if sync and not sync.done then
        if not wait(ANSWER_SECONDS, function() return sync.done end) then
            stop("the synchronization request was not answered in %d s",
                 ANSWER_SECONDS)
        end
    end
    sa.pending_sync = nil
end

local function await_response(sa, ref, what)
    local function done()
        for i = #sa.responses, 1, -1 do
            local r = sa.responses[i]
            if r.time < ref.time then
                return false
            end
            if r.message.message_id == ref.message_id then
                return true
            end
        end
        return false
    end
    if not wait(ANSWER_SECONDS, done) then
        stop("%s with Message ID %d was not answered in %d s", what,
             ref.message_id, ANSWER_SECONDS)
    end
    return ref
end

local function operate(sa, what, child)
    settle(sa)
    tick()
    local before = #sa.sent_messages
    local done, why = core.operate(sa.number, sa.spi, what, child)
    if not done then
        stop("%s: %s", what, why)
    end
    if #sa.sent_messages == before then
        wait(ANSWER_SECONDS, function()
            return #sa.sent_messages > before
        end)
    end
    return last_request(sa) or stop("%s: nothing was sent", what)
end

-- Liveness exchanges, each answered before the next. Returns the last one.
function SA:request_liveness(count)
    local ref
    for _ = 1, count or 1 do
        ref = operate(self, "liveness")
        await_response(self, ref, "a liveness request")
    end
    return ref
end

-- One liveness request whose answer is not awaited.
function SA:start_liveness()
    return operate(self, "liveness")
end

function SA:create_child()
    return await_response(self, operate(self, "create_child"),
                          "CREATE_CHILD_SA")
end

-- Returns once the old pair is deleted on both sides.
function SA:rekey_child(spi_in)
    local old = spi_in or self.children[1].spi_in
    local ref = await_response(self, operate(self, "rekey_child", old),
                               "CREATE_CHILD_SA (rekey)")
    wait(ANSWER_SECONDS, function()
        for _, child in ipairs(self.children or {}) do
            if child.spi_in == old then
                return false
            end
        end
        return true
    end)
    return ref
end

function SA:delete_child(spi_in)
    return await_response(self, operate(self, "delete_child", spi_in),
                          "DELETE of the Child SA")
end

-- Returns the IKE SA that replaces this one.
function SA:rekey()
    await_response(self, operate(self, "rekey"), "CREATE_CHILD_SA (IKE rekey)")
    return self:successor()
end

-- The SA that replaced this one by rekeying, whoever started it.
function SA:successor(seconds)
    if not wait(seconds or ANSWER_SECONDS,
                function() return self.replaced_by ~= nil end) then
        stop("the IKE SA was not replaced in %d s", seconds or ANSWER_SECONDS)
    end
    local sa = self.replaced_by
    wait(1, function() return not self:exists() end)
    return sa
end

function SA:delete()
    return await_response(self, operate(self, "delete"), "DELETE")
end

-- Any request through the state machine: {exchange, payloads}.
function SA:request(message)
    settle(self)
    tick()
    message.exchange = exchange_number(message.exchange) or 37
    local done, why = core.request(self.number, self.spi, message)
    if not done then
        stop("request: %s", why)
    end
    return last_request(self)
end

-- The synchronization request of RFC 6311, from the active member. Fields:
-- m1, p1, nonce (4 octets), delta and delta_size (4 or 8) for 16423. What is
-- left out is chosen as a conforming member would from what it knows. It is
-- retransmitted until it is answered or given up (expect_silence).
function SA:synchronize(fields)
    settle(self)
    tick()
    local sync = core.choose_sync(self.number, self.spi)
    for k, v in pairs(fields or {}) do
        sync[k] = v
    end
    if sync.delta and not sync.delta_size then
        sync.delta_size = 4
    end
    local done, why = core.synchronize(self.number, self.spi, sync)
    if not done then
        stop("synchronize: %s", why)
    end
    local ref = last_request(self)
    ref.nonce, ref.m1, ref.p1 = sync.nonce, sync.m1, sync.p1
    self.pending_sync = ref
    return ref
end

-- Seals any message under this SA's keys and sends it once, past windows and
-- state. Fields: exchange, message_id, payloads, response, flags, spi_i,
-- spi_r, version; clear = true to leave it unsealed; corrupt = offset of an
-- octet to flip after sealing (negative: from the end); after_seal =
-- function(octets) return octets end; times; source = address, source_port.
function SA:send(message)
    tick()
    message.exchange = exchange_number(message.exchange) or 37
    message.payloads = message.payloads or {}
    local info = core.sa(self.number, self.spi)
    if message.response and not message.flags then
        message.flags = 0x20 | (info.initiator and 0x08 or 0)
    end
    local octets, why = core.seal(self.number, self.spi, message,
                                  message.clear)
    if not octets then
        stop("send: %s", why)
    end
    if message.corrupt then
        octets = core.corrupt(octets, message.corrupt)
    end
    if message.after_seal then
        octets = message.after_seal(octets)
    end
    local ref = {sa = self, spi_i = message.spi_i or info.spi_i,
                 spi_r = message.spi_r or info.spi_r,
                 exchange = message.exchange,
                 message_id = message.message_id or info.next_send,
                 octets = octets, digest = core.digest(octets)}
    for _, p in ipairs(message.payloads) do
        if p.notify == "IKEV2_MESSAGE_ID_SYNC" and #p.data >= 4 then
            ref.nonce = p.data:sub(1, 4)
        end
    end
    local to = core.endpoints(self.number, self.spi)
    to.source = message.source or to.source
    to.source_port = message.source_port or to.source_port
    inject("forge", message.text or string.format(
        "a message of the script's own, exchange %d, Message ID %d",
        ref.exchange, ref.message_id), ref.digest)
    ref.time = core.now()
    for _ = 1, message.times or 1 do
        core.send(to, octets)
    end
    return ref
end

-- Sends the same octets again (an IKE message or an ESP packet).
function SA:replay(ref, fields)
    tick()
    local to = core.endpoints(self.number, self.spi)
    for k, v in pairs(fields or {}) do
        to[k] = v
    end
    if ref.identifier then
        to.esp = true
        to.raw = not self.encapsulate
    end
    inject("replay", string.format("%d octets sent before are sent again",
                                   #ref.octets), ref.digest)
    local copy = {}
    for k, v in pairs(ref) do
        copy[k] = v
    end
    copy.time = core.now()
    core.send(to, ref.octets)
    return copy
end

-- What another member of the cluster (by number) knows of this SA, or nil.
function SA:known_to(member)
    return core.sa(self.number, self.spi, member)
end

-- The active member's counters by force.
function SA:set_counters(next_send, next_receive)
    core.set_counters(self.number, self.spi, next_send, next_receive)
end

function SA:abandon()
    core.abandon(self.number, self.spi)
    self.pending_sync = nil
end

-- Waits for a request of the gateway on this SA: {exchange, message_id,
-- since}; returns its header. Without one the scenario cannot go on.
function SA:await_request(wanted, seconds)
    wanted = wanted or {}
    local exchange = exchange_number(wanted.exchange)
    local found
    local function seen()
        for _, header in ipairs(self.incoming) do
            if not header.response and
                (not exchange or header.exchange == exchange) and
                (not wanted.message_id or
                 header.message_id == wanted.message_id) and
                header.time >= (wanted.since or 0) then
                found = header
                return true
            end
        end
        return false
    end
    if not wait(seconds or ANSWER_SECONDS, seen) then
        stop("the gateway sent no %s request in %d s",
             wanted.exchange or "such", seconds or ANSWER_SECONDS)
    end
    return found
end

---------------------------------------------------------------- ESP

local identifiers = 0
local withheld = false      -- what the engine sends now stays here

local function send_octets(sa, probe)
    local to = core.endpoints(sa.number, sa.spi)
    to.esp = true
    to.raw = not sa.encapsulate
    core.send(to, probe.octets)
end

-- Sends an ICMP echo request through a Child SA (the newest one, or `child` =
-- its inbound SPI). number and iv override the ESP sequence number and the
-- explicit IV; corrupt = offset of an octet to flip after sealing (negative:
-- from the end). Returns a probe for expect_delivered, expect_undelivered and
-- replay.
function SA:ping(fields)
    tick()
    fields = fields or {}
    identifiers = identifiers + 1
    local probe = {sa = self, identifier = identifiers,
                   sequence = fields.sequence or 1,
                   child = fields.child, size = fields.size,
                   number = fields.number, iv = fields.iv}
    probe.time = core.now()
    withheld = fields.corrupt ~= nil
    local octets, why = core.esp(self.number, self.spi, fields.child, probe)
    withheld = false
    if not octets then
        stop("ping: %s", why)
    end
    probe.octets = fields.corrupt and core.corrupt(octets, fields.corrupt) or
        octets
    probe.digest = core.digest(probe.octets)
    if fields.corrupt then
        inject("forge", "an ESP packet whose ICV is wrong", probe.digest)
        send_octets(self, probe)
    end
    return probe
end

-- {sent, received, spi_in, spi_out} of a Child SA at the active member.
function SA:esp(child)
    return core.esp_state(self.number, self.spi, child)
end

-- The outgoing ESP sequence number skips forward (RFC 6311 5.2).
function SA:skip(delta, child)
    core.esp_skip(self.number, self.spi, child, delta)
end

-- Echoes that must all come back, one after the other, on one Child SA.
function SA:traffic(count, expectation, child)
    for i = 1, count or 1 do
        t:expect_delivered(self:ping {sequence = i, child = child},
                           expectation)
    end
end

---------------------------------------------------------------- clusters

Cluster.__index = Cluster

local function new_cluster(name, members, options)
    t:start_gateway(options.gateway)
    local number = core.cluster(name, members, options)
    local cluster = setmetatable({number = number, sas = {}, rules = {},
                                  established = {}}, Cluster)
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
    local spi = core.connect(self.number, fields.source or "192.0.2.1",
                             fields.destination or "192.0.2.2", fields.port)
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
-- rule:release()). limit = how many messages it applies to.
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
    inject(what, rule.text or string.format(
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

---------------------------------------------------------------- handlers

-- A datagram on its way out. True: the script has taken care of it.
function handlers.outgoing(number, info)
    info.time = core.now()
    local cluster = t.clusters[number]
    if info.spi and info.fragment == 1 then
        local sa = sa_for(number, info.spi)
        if info.repeat_count == 0 then
            sa.sent_messages[#sa.sent_messages + 1] = info
        end
    end
    if not info.exchange then
        return withheld
    end
    for _, rule in ipairs(cluster.rules) do
        if rule:acts_later() and applies(rule, info) then
            act(rule, info)
            return true
        end
    end
    return false
end

local function on_established(sa)
    local cluster = sa.cluster
    cluster.established[#cluster.established + 1] = sa
end

function handlers.event(event)
    event.time = core.now()
    if not event.spi then
        return
    end
    local sa = sa_for(event.cluster, event.spi)
    if event.kind == "request" then
        table.insert(sa.requests, event)
    elseif event.kind == "response" then
        table.insert(sa.responses, event)
    elseif event.kind == "sync" then
        if sa.pending_sync then
            sa.pending_sync.done = true
        end
    elseif event.kind == "established" then
        on_established(sa)
    elseif event.kind == "rekeyed" then
        sa.replaced_by = sa_for(event.cluster, event.other)
    elseif event.kind == "closed" then
        sa.closed = event.reason or "closed"
    end
    core.verbose(string.format("%s %s %s", hex64(event.spi), event.kind,
                               event.reason or ""))
end

-- The header of every IKE message that arrives, authentic or not.
function handlers.incoming(header)
    header.time = core.now()
    for _, cluster in pairs(t.clusters) do
        for _, spi in ipairs {header.spi_i, header.spi_r} do
            local sa = cluster.sas[spi]
            if sa then
                table.insert(sa.incoming, header)
            end
        end
    end
end

local echoes = {}

function handlers.esp(packet)
    packet.time = core.now()
    if packet.echo_reply then
        echoes[packet.identifier .. "/" .. packet.sequence] = packet
    end
end

---------------------------------------------------------------- expectations

local function describe(ref)
    return {spi_i = hex64(ref.spi_i), spi_r = hex64(ref.spi_r),
            exchange = ref.exchange, message_id = ref.message_id,
            digest = ref.digest, nonce = ref.nonce and hex(ref.nonce)}
end

local function expect(kind, from, expectation, seen, fields)
    local note = {event = "expect", kind = kind, from = from,
                  ["until"] = core.now(), clauses = expectation.clauses,
                  text = expectation.text}
    for k, v in pairs(fields) do
        note[k] = v
    end
    core.note(note)
    core.verbose(string.format("expect %s: %s", kind,
                               seen and "as expected" or "NOT SEEN SO"))
    if not seen then
        unmet = unmet + 1
    end
    return seen
end

-- No response to `ref`. The request is given up afterwards.
function t:expect_silence(ref, expectation)
    expectation = expectation or {}
    local seen = wait(expectation.within or SILENCE_SECONDS,
                      function() return answered(ref) end)
    if ref.sa.pending_sync == ref then
        ref.sa.pending_sync = nil
    end
    core.abandon(ref.sa.number, ref.sa.spi)
    return expect("silence", ref.time, expectation, not seen,
                  {about = describe(ref)})
end

-- Waits for a response to `ref`, or as long as silence takes, and gives the
-- request up. Nothing is expected: what came, or did not, is judged by the
-- rules of the oracle alone, which know every defensible reading. Returns
-- whether something came.
function t:watch(ref, seconds)
    local seen = wait(seconds or SILENCE_SECONDS,
                      function() return answered(ref) end)
    if ref.sa.pending_sync == ref then
        ref.sa.pending_sync = nil
    end
    core.abandon(ref.sa.number, ref.sa.spi)
    return seen
end

-- A response to `ref`. Exact values may be given: m2, p2, and for what must
-- be in it or not, notify and without (lists of notify numbers).
function t:expect_answer(ref, expectation)
    expectation = expectation or {}
    local seen = wait(expectation.within or ANSWER_SECONDS,
                      function() return answered(ref) end)
    return expect("answer", ref.time, expectation, seen,
                  {about = describe(ref), m2 = expectation.m2,
                   p2 = expectation.p2, notify = expectation.notify,
                   without = expectation.without})
end

local function request_seen(wanted, from)
    local exchange = exchange_number(wanted.exchange)
    local before = {}
    for _, header in ipairs(wanted.sa.incoming) do
        if not header.response and
            (not exchange or header.exchange == exchange) and
            (not wanted.message_id or
             header.message_id == wanted.message_id) then
            if header.time >= from and
                (not wanted.again or before[header.message_id]) then
                return true
            end
            before[header.message_id] = true
        end
    end
    return false
end

local function about_request(wanted)
    local info = core.sa(wanted.sa.number, wanted.sa.spi) or
        wanted.sa.last_info or {spi_i = 0, spi_r = 0}
    return {about = {spi_i = hex64(info.spi_i), spi_r = hex64(info.spi_r),
                     exchange = exchange_number(wanted.exchange) or 0},
            message_id = wanted.message_id, notify = wanted.notify,
            payload = wanted.payload, again = wanted.again}
end

-- The gateway sends a request on wanted.sa: exchange, message_id, payload
-- (type number), notify (type number), since; with again = true one that it
-- has sent before.
function t:expect_request(wanted, expectation)
    expectation = expectation or wanted
    local from = wanted.since or core.now()
    local about = about_request(wanted)
    local seen = wait(expectation.within or ANSWER_SECONDS,
                      function() return request_seen(wanted, from) end)
    return expect("request", from, expectation, seen, about)
end

function t:expect_no_request(wanted, expectation)
    expectation = expectation or wanted
    local from = wanted.since or core.now()
    local about = about_request(wanted)
    local seen = wait(expectation.within or SILENCE_SECONDS,
                      function() return request_seen(wanted, from) end)
    return expect("no_request", from, expectation, not seen, about)
end

local function echo_seen(probe)
    local echo = echoes[probe.identifier .. "/" .. probe.sequence]
    return echo ~= nil and echo.time >= probe.time
end

local function about_probe(probe)
    return {identifier = probe.identifier, sequence = probe.sequence}
end

-- The echo came back: it was delivered behind the gateway, and answered.
function t:expect_delivered(probe, expectation)
    expectation = expectation or {}
    local seen = wait(expectation.within or ANSWER_SECONDS,
                      function() return echo_seen(probe) end)
    return expect("delivered", probe.time, expectation, seen,
                  about_probe(probe))
end

function t:expect_undelivered(probe, expectation)
    expectation = expectation or {}
    local seen = wait(expectation.within or SILENCE_SECONDS,
                      function() return echo_seen(probe) end)
    return expect("undelivered", probe.time, expectation, not seen,
                  about_probe(probe))
end

---------------------------------------------------------------- the gateway

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

---------------------------------------------------------------- t

function t:start_gateway(options)
    if self.gateway_started then
        return
    end
    self.gateway_started = true
    local done, why = core.gateway_start(options or {})
    if not done then
        error({failure = why}, 0)
    end
end

-- Unless a scenario says otherwise: encryption with random IVs for IKE, so that
-- a gateway that ties IVs to Message IDs can answer under a Message ID again.
local IKE_PROPOSAL = "aes128-sha256-x25519"
local ESP_PROPOSAL = "aes128gcm16"

local function gateway_options(options)
    local result = {}
    options.ike = options.ike or IKE_PROPOSAL
    options.esp = options.esp or ESP_PROPOSAL
    for _, name in ipairs {"ike", "esp", "auth", "fragmentation"} do
        result[name] = options[name]
    end
    for k, v in pairs(options.gateway or {}) do
        result[k] = v
    end
    options.gateway = result
    return options
end

-- Our cluster: {members = 2, synch = {kind = fate}, ike, esp, auth, window,
-- message_id_sync, replay_counter_sync, fragmentation, cookie, gateway =
-- {options of the adapter}}.
function t:cluster(options)
    options = gateway_options(options or {})
    return new_cluster(options.name or "harness", options.members or 2,
                       options)
end

-- A single peer: a cluster of one.
function t:peer(options)
    options = gateway_options(options or {})
    return new_cluster(options.name or "harness", 1, options)
end

-- Lets time pass while everything goes on.
function t:elapse(seconds)
    wait(seconds)
end

-- Waits for a condition of the script's own.
function t:await(seconds, ready, what)
    if not wait(seconds, ready) then
        stop("%s did not happen in %g s", what or "what the script awaits",
             seconds)
    end
end

-- Until the condition is true, or for `seconds`; returns which it was.
function t:wait(seconds, ready)
    return wait(seconds, ready)
end

-- The scenario cannot be decided here; nobody is accused.
function t:inconclusive(...)
    stop(...)
end

-- A line for a person in the record.
function t:say(...)
    inject("note", string.format(...))
end

---------------------------------------------------------------- running

local function classify(message)
    if type(message) == "table" and message.inconclusive then
        return unmet > 0 and "done" or "inconclusive", message.inconclusive
    elseif type(message) == "table" and message.failure then
        return "failure", message.failure
    elseif message == "out of time" then
        return "inconclusive", "the scenario's time is up"
    elseif message == "interrupted" then
        return "interrupted", "interrupted"
    end
    return "error", tostring(message)
end

-- Returns how it ended ("done", "inconclusive", "error", "failure",
-- "interrupted") and why.
local function play()
    local done, message = pcall(facts.run, t)
    if done then
        return "done"
    end
    return classify(message)
end

return handlers, play
