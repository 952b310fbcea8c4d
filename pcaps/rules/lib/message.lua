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

-- Payloads of a CREATE_CHILD_SA request of ours for a Child SA, of the usual
-- proposal; `rekeyed`: our SPI of the one that it replaces.
function message.child(spi, rekeyed)
    local payloads = {
        payload("SA", "\0\0\0\32\1\3\4\2" .. spi .. "\3\0\0\12\1\0\0\20" ..
                "\128\14\0\128\0\0\0\8\5\0\0\0"),
        payload("NONCE", ("n"):rep(32)),
        payload("TSi", "\1\0\0\0\7\0\0\16\0\0\255\255" ..
                "\198\51\100\0\198\51\100\255"),
        payload("TSr", "\1\0\0\0\7\0\0\16\0\0\255\255" ..
                "\203\0\113\0\203\0\113\255")}
    if rekeyed then
        table.insert(payloads, 1, notify("REKEY_SA", "", {
            protocol = 3, spi = string.pack(">I4", rekeyed)}))
    end
    return payloads
end

-- The same for a new IKE SA; spi has 8 octets.
function message.ike(spi)
    return {payload("SA", "\0\0\0\52\1\1\8\4" .. spi ..
                    "\3\0\0\12\1\0\0\12\128\14\0\128\3\0\0\8\2\0\0\5" ..
                    "\3\0\0\8\3\0\0\12\0\0\0\8\4\0\0\31"),
            payload("NONCE", ("n"):rep(32)),
            payload("KE", "\0\31\0\0" .. ("k"):rep(32))}
end

-- Lets our answers be late, so that the gateway's request is outstanding when
-- ours arrives: `gateway` makes the gateway ask for something, `ours` is our
-- request.
function message.cross(t, cluster, sa, gateway, ours)
    cluster:tamper {response = true, delay = 1, text = "our answers are late",
                    when = function(m) return m.exchange > 35 end}
    ours.text = "a request that crosses the gateway's"
    ours.delay = 0.1 -- it is sealed now: the IKE SA may be gone by then
    sa:send(ours)
    gateway()
    t:elapse(0.5)
end

-- What the gateway's rekey of a Child SA, and its answer to ours, have for a
-- nonce, so that it is known which one prevails; its own Deletes are lost.
-- Returns the SPIs that it chooses: spi in its rekey, other in its answer.
function message.collide(t, asks, answers)
    local chosen = {}
    local function with(octet, name)
        return function(m)
            local sa = message.find(m, 33)
            if sa then
                message.find(m, 40).body = octet:rep(32)
                chosen[name] = sa.body:sub(9, 12)
            end
            return m
        end
    end
    t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = false,
                      before_seal = with(asks, "spi")}
    t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = true,
                      before_seal = with(answers, "other")}
    t.gateway:tamper {exchange = "INFORMATIONAL", response = false,
                      drop = true, repeats = true}
    return chosen
end

-- Replaces all payloads of a message; to be given as before_seal.
function message.replace(...)
    local payloads = {...}
    return function(m)
        m.payloads = payloads
        return m
    end
end

return message
