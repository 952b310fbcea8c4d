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

return message
