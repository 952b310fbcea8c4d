-- Expectations.

local function describe(ref)
    return {spi_i = hex64(ref.spi_i), spi_r = hex64(ref.spi_r),
            exchange = ref.exchange, message_id = ref.message_id,
            digest = ref.digest, nonce = ref.nonce and hex(ref.nonce)}
end

local EXPECTATION = {
    clauses = true, text = true, within = true, m2 = true, p2 = true,
    nonce = true, notify = true, without = true, sa = true, exchange = true,
    message_id = true, since = true, again = true, payload = true,
    beyond = true, next_header = true, esn = true,
}

local function expect(kind, from, expectation, seen, fields)
    local note = {event = "expect", kind = kind, from = from,
                  ["until"] = core.now(), clauses = expectation.clauses,
                  text = expectation.text}
    for k in pairs(expectation) do
        if not EXPECTATION[k] then
            error("an expectation has no field " .. tostring(k))
        end
    end
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

-- A response to `ref`. Exact values may be given: m2, p2, nonce (its octets),
-- and for what must be in it or not, notify and without (lists of notify
-- numbers).
function t:expect_answer(ref, expectation)
    expectation = expectation or {}
    local seen = wait(expectation.within or ANSWER_SECONDS,
                      function() return answered(ref) end)
    return expect("answer", ref.time, expectation, seen,
                  {about = describe(ref), m2 = expectation.m2,
                   p2 = expectation.p2, notify = expectation.notify,
                   nonce = expectation.nonce and hex(expectation.nonce),
                   without = expectation.without})
end

local WANTED = names("sa", "exchange", "message_id", "notify", "payload",
                     "since", "again")

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
    expectation = expectation and only(wanted, WANTED, "a request") and
        expectation or wanted
    local from = wanted.since or core.now()
    local about = about_request(wanted)
    local seen = wait(expectation.within or ANSWER_SECONDS,
                      function() return request_seen(wanted, from) end)
    return expect("request", from, expectation, seen, about)
end

function t:expect_no_request(wanted, expectation)
    expectation = expectation and only(wanted, WANTED, "a request") and
        expectation or wanted
    local from = wanted.since or core.now()
    local about = about_request(wanted)
    local seen = wait(expectation.within or SILENCE_SECONDS,
                      function() return request_seen(wanted, from) end)
    return expect("no_request", from, expectation, not seen, about)
end

local function echoes_seen(probe)
    local times = echoes[probe.identifier .. "/" .. probe.sequence] or {}
    local count = 0
    for _, time in ipairs(times) do
        count = count + (time >= probe.time and 1 or 0)
    end
    return count
end

local function about_probe(probe, expectation)
    return {identifier = probe.identifier, sequence = probe.sequence,
            next_header = expectation.next_header, esn = expectation.esn,
            beyond = expectation.beyond}
end

-- The echo came back: it was delivered behind the gateway, and answered. With
-- next_header only in an ESP packet that has it, with esn only in one that is
-- sealed with ESN (true) or without (false).
function t:expect_delivered(probe, expectation)
    expectation = expectation or {}
    local seen = wait(expectation.within or ANSWER_SECONDS,
                      function() return echoes_seen(probe) > 0 end)
    return expect("delivered", probe.time, expectation, seen,
                  about_probe(probe, expectation))
end

-- With beyond = n it may come n times, and no more.
function t:expect_undelivered(probe, expectation)
    expectation = expectation or {}
    local seen = wait(expectation.within or SILENCE_SECONDS,
                      function()
                          return echoes_seen(probe) > (expectation.beyond or 0)
                      end)
    return expect("undelivered", probe.time, expectation, not seen,
                  about_probe(probe, expectation))
end
