-- Payloads.

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
