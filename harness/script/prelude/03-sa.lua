-- IKE SAs.

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
    check_child(child)
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

-- One request whose answer is not awaited: "liveness", "rekey", "rekey_child",
-- "create_child", "delete_child" or "delete".
function SA:start(what, child)
    return operate(self, what, child)
end

function SA:start_liveness()
    return self:start("liveness")
end

-- The synchronization request that a member which takes over by itself ("eager",
-- "lazy") sent last, for expect_answer; without one the scenario cannot go on.
function SA:last_sync()
    local since = self.cluster.failed_at or 0
    local found
    local function sent()
        for _, message in ipairs(self.sent_messages) do
            if not message.response and message.exchange == 37 and
                message.message_id == 0 and message.time >= since then
                found = reference(self, message)
            end
        end
        return found ~= nil
    end
    if not wait(ANSWER_SECONDS, sent) then
        stop("no member has sent a synchronization request")
    end
    return found
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

local SYNCHRONIZE = names("m1", "p1", "nonce", "delta", "delta_size")

-- The synchronization request of RFC 6311, from the active member. Fields:
-- m1, p1, nonce (4 octets), delta and delta_size (4 or 8) for 16423. What is
-- left out is chosen as a conforming member would from what it knows. It is
-- retransmitted until it is answered or given up (expect_silence).
function SA:synchronize(fields)
    only(fields or {}, SYNCHRONIZE, "synchronize")
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

local SEND = names("exchange", "message_id", "payloads", "response", "flags",
                   "version", "spi_i", "spi_r", "clear", "corrupt",
                   "after_seal", "times", "delay", "source", "source_port",
                   "text", "iv", "fragment")

-- Seals any message under this SA's keys and sends it once, past windows and
-- state. Fields: exchange, message_id, payloads, response, flags, spi_i,
-- spi_r, version; clear = true to leave it unsealed; corrupt = offset of an
-- octet to flip after sealing (negative: from the end); after_seal =
-- function(octets) return octets end; times; delay = seconds; source =
-- address, source_port.
function SA:send(message)
    only(message, SEND, "send")
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
    local function send()
        for _ = 1, message.times or 1 do
            core.send(to, octets)
        end
    end
    if message.delay then
        later(message.delay, send)
    else
        send()
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

-- What a member of the cluster (by number) knows of this SA, or nil: the fields
-- of an IKE SA, next_send and next_receive, and of each of its children spi_in,
-- spi_out, sent and received (ESP sequence numbers).
function SA:known_to(member)
    return core.sa(self.number, self.spi, member)
end

-- The same as it was at the moment of the last failover.
function SA:known_before(member)
    local before = self.cluster.before
    if before and not before[member] then
        error("it is known of members 1 to " .. #before .. ", not of " ..
              tostring(member), 2)
    end
    return before and before[member] and before[member][self.spi]
end

-- The member that it belongs to (one that shares the load), by number.
function SA:owner()
    return core.owner(self.number, self.spi)
end

-- The own SPI of the Child SA that is this member's, or nil.
function SA:pair(member)
    for _, child in ipairs(self.children or {}) do
        if core.pair_owner(self.number, child.spi_in) == member then
            return child.spi_in
        end
    end
end

-- There is something to send: a member that took it over with "lazy"
-- synchronizes it now.
function SA:touch()
    tick()
    core.touch(self.number, self.spi)
end

-- Of members that take over "eager" or "lazy": is it done?
function SA:synchronized()
    return not core.unsynchronized(self.number, self.spi)
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
    wanted = only(wanted or {}, names("exchange", "message_id", "since"),
                  "a request")
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
