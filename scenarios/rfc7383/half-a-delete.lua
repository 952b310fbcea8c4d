local fragment = require "lib.big_request"

return scenario {
    id = "rfc7383/half-a-delete",
    title = "Half of a request has no effect",
    purpose = [[The first fragment holds the whole Delete of the IKE SA, and the second never
comes: nothing is deleted, and the request that comes instead, under the same Message ID
and in more fragments, is answered.]],
    clauses = { "RFC7383-5-03", "RFC7383-2.6-04" },
    needs = { "fragmentation" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(1)
        local id = sa:known_to(1).next_send
        fragment(sa, id, 1, 2, { exchange = "INFORMATIONAL", fragment = {
            number = 1, total = 2, next = 42,
            chunk = string.pack(">BBI2BBI2", 43, 0, 8, 1, 0, 0) } })
        t:elapse(0.5)
        local first = fragment(sa, id, 1, 3)
        fragment(sa, id, 2, 3)
        fragment(sa, id, 3, 3)
        t:expect_answer(first, { clauses = { "RFC7383-5-03", "RFC7383-2.6-04" },
            within = 2, without = { 7 },
            text = "the IKE SA lives, and answers the next set" })
    end,
}
