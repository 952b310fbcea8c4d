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

local function fragment(sa, id, number, total, fields)
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

return scenario {
    id = "rfc7383/answered-fragments",
    title = "Only the first fragment brings the answer again",
    purpose = [[After the answer, a fragment other than the first is passed over; else each
fragment of a repeated request would bring an answer of its own.]],
    clauses = { "RFC7383-2.6.1-02" },
    needs = { "fragmentation" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(1)
        local id = sa:known_to(1).next_send
        local first = fragment(sa, id, 1, 2)
        local second = fragment(sa, id, 2, 2)
        if not t:expect_answer(first, { within = 2 }) then
            return
        end
        t:elapse(1.5)
        t:expect_silence(sa:replay(second), { clauses = { "RFC7383-2.6.1-02" },
            within = 0.5, text = "no answer to the second fragment" })
        t:expect_answer(sa:replay(first), { clauses = { "RFC7383-2.6.1-02" },
            within = 2, text = "the answer again to the first" })
    end,
}
