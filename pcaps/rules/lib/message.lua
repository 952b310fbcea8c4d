-- What several scripts do to messages.

local message = {}

-- The payload of a type (a number) or with a notify (its name), and its place.
function message.find(m, kind)
    for i, p in ipairs(m.payloads) do
        if p.type == kind or p.notify == kind then
            return p, i
        end
    end
end

function message.remove(m, kind)
    local _, place = message.find(m, kind)
    return place and table.remove(m.payloads, place)
end

-- Changes one payload before its message is sealed; to be given as
-- before_seal.
function message.change(kind, change)
    return function(m)
        local p = message.find(m, kind)
        if p then
            change(p, m)
        end
        return m
    end
end

-- Adds one at the end.
function message.add(p)
    return function(m)
        table.insert(m.payloads, p)
        return m
    end
end

-- Octets of a string replaced, from `at` on.
function message.patch(octets, at, with)
    return octets:sub(1, at - 1) .. with .. octets:sub(at + #with)
end

-- An INFORMATIONAL request of the gateway with these payloads.
function message.inform(t, ...)
    t.gateway:request {exchange = "INFORMATIONAL", payloads = {...}}
    t:elapse(0.1)
end

-- The octets of a chain that holds one notify of 300 octets, and its parts of
-- so many octets each; the last one has the rest.
function message.parts(...)
    local data = ("d"):rep(300)
    local chain = string.pack(">BBI2BBI2", 0, 0, 8 + #data, 0, 0, 40000) ..
        data
    local parts, at = {}, 1
    for _, size in ipairs {...} do
        parts[#parts + 1] = chain:sub(at, at + size - 1)
        at = at + size
    end
    parts[#parts + 1] = chain:sub(at)
    return parts
end

-- Sends such parts as fragments of one request: with t.gateway or an IKE SA of
-- ours. fields[n] are those of the nth one's message, beside what all share.
function message.send_parts(sender, parts, shared, fields)
    local sent = {}
    for i, part in ipairs(parts) do
        local one = {fragment = {number = i, total = #parts, chunk = part,
                                 next = i == 1 and 41 or 0}}
        for k, v in pairs(shared or {}) do
            one[k] = v
        end
        for k, v in pairs(fields and fields[i] or {}) do
            one[k] = v
        end
        sent[i] = sender:send(one)
    end
    return sent
end

return message
