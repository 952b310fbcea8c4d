-- ESP.

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
