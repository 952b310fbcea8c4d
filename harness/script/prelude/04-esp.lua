-- ESP.

local identifiers = 0
local withheld = false      -- what the engine sends now stays here
local heard = {}            -- ESP packets by SPI, whether they verify or not

local function send_octets(sa, probe)
    local to = core.endpoints(sa.number, sa.spi)
    to.esp = true
    to.raw = not sa.encapsulate
    core.send(to, probe.octets)
end

-- Sealed, and not sent.
local function seal(sa, fields)
    check_child(fields.child)
    identifiers = identifiers + 1
    local probe = {}
    for k, v in pairs(fields) do
        probe[k] = v
    end
    probe.sa, probe.identifier = sa, identifiers
    probe.sequence = fields.sequence or 1
    withheld = true
    local octets, why = core.esp(sa.number, sa.spi, fields.child, probe)
    withheld = false
    probe.octets = octets or stop("ping: %s", why)
    return probe
end

-- What is wrong with it on purpose.
local function spoil(probe)
    if probe.corrupt then
        probe.octets = core.corrupt(probe.octets, probe.corrupt)
        inject("forge", "an ESP packet, one octet changed after sealing",
               core.digest(probe.octets))
    end
    if probe.cut then
        probe.octets = probe.octets:sub(1, -1 - probe.cut)
        inject("forge", string.format("an ESP packet, the last %d octets " ..
               "are cut off", probe.cut), core.digest(probe.octets))
    end
    probe.digest = core.digest(probe.octets)
end

-- An ESP packet passes the rules of cluster:tamper { esp = true }.
local function submit(sa, probe)
    local info = core.endpoints(sa.number, sa.spi)
    info.esp, info.raw = true, not sa.encapsulate
    info.octets, info.digest, info.time = probe.octets, probe.digest,
        core.now()
    if not tamper_esp(sa.cluster, info) then
        core.send(info, info.octets)
    end
end

local PING = names("sequence", "size", "child", "number", "iv", "next_header",
                   "port", "corrupt", "cut", "times", "hold")
local BURST = setmetatable(names("order", "count"), {__index = PING})

-- Sends an ICMP echo request through a Child SA (the newest one, or `child` =
-- its inbound SPI). number = the ESP sequence number, which then does not
-- count; iv = the explicit IV; next_header; corrupt = offset of an octet to
-- flip after sealing (negative: from the end); cut = octets to take off the
-- end; times = how many copies; hold = true: it is sealed now and sent by
-- sa:release. Returns a probe for expect_delivered, expect_undelivered, release
-- and replay.
function SA:ping(fields)
    fields = only(fields or {}, PING, "ping")
    tick()
    local probe = seal(self, fields)
    probe.time = core.now()
    spoil(probe)
    if probe.hold then
        inject("hold", "an ESP packet is held back", probe.digest)
        return probe
    end
    for copy = 1, probe.times or 1 do
        if copy == 2 then
            inject("duplicate", string.format("an ESP packet, %d times",
                   probe.times), probe.digest)
        end
        submit(self, probe)
    end
    return probe
end

-- Sends what a ping with hold = true has kept, or any other probe again.
function SA:release(probe)
    tick()
    inject("hold", "an ESP packet that was held back is sent", probe.digest)
    probe.time = core.now()
    submit(self, probe)
    return probe
end

-- Echo requests with successive numbers, sent in another order: order = {3, 1,
-- 1, 2} sends the third one first and the first one twice; one that is not in
-- it is lost. The other fields are those of a ping. Returns the probes by their
-- place in the order of numbers.
function SA:burst(fields)
    only(fields, BURST, "burst")
    local order = fields.order or {}
    local count = fields.count or math.max(0, table.unpack(order))
    local probes = {}
    tick()
    for i = 1, count do
        probes[i] = seal(self, fields)
        probes[i].time = core.now()
        spoil(probes[i])
    end
    inject("hold", string.format("%d ESP packets in the order %s", count,
                                 table.concat(order, " ")))
    for _, i in ipairs(order) do
        submit(self, probes[i])
    end
    return probes
end

-- Pings until the gateway sends ESP on this Child SA, good or bad: what is said
-- about its packets afterwards is about packets that it sends.
function SA:await_esp(child)
    local spi = self:esp(child).spi_in
    self:ping {child = child}
    if not wait(ANSWER_SECONDS, function() return heard[spi] end) then
        stop("the gateway sends no ESP")
    end
end

-- {sent, received, spi_in, spi_out, esn, transport} of a Child SA at the active
-- member.
function SA:esp(child)
    check_child(child)
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
