local fragment = require "lib.big_request"

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
