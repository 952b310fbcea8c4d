-- A request for a Child SA of an algorithm that nobody has, which is refused
-- without harm; each fragment holds a part of it.
local proposal = string.pack(">BBI2BBBB", 0, 0, 28, 1, 3, 4, 2) .. "new!" ..
    string.pack(">BBI2BBI2", 3, 0, 8, 1, 0, 1000) ..
    string.pack(">BBI2BBI2", 0, 0, 8, 5, 0, 0)
local selector = string.pack(">I4BBI2I2I2I4I4", 0x01000000, 7, 0, 16, 0, 65535,
                             0, 0xffffffff)
local chain = string.pack(">BBI2", 40, 0, 4 + #proposal) .. proposal ..
    string.pack(">BBI2", 44, 0, 36) .. ("n"):rep(32) ..
    string.pack(">BBI2", 45, 0, 4 + #selector) .. selector ..
    string.pack(">BBI2", 43, 0, 4 + #selector) .. selector ..
    string.pack(">BBI2", 0, 0, 204) .. ("v"):rep(200)

-- Sends one fragment, `number` of `total`, of the request with that Message ID;
-- `fields` as of sa:send.
return function(sa, id, number, total, fields)
    local size = #chain // math.max(total, 1)
    local message = { message_id = id, exchange = "CREATE_CHILD_SA",
        fragment = { number = number, total = total,
            next = number == 1 and 33 or 0,
            chunk = chain:sub((number - 1) * size + 1,
                              number < total and number * size or -1) } }
    for k, v in pairs(fields or {}) do
        message[k] = v
    end
    return sa:send(message)
end
