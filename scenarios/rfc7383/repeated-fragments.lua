local fragment = require "lib.big_request"

return scenario {
    id = "rfc7383/repeated-fragments",
    title = "A repeated fragment does not complete a set",
    purpose = [[The network doubles a fragment before the others arrive: it is a replay, and
nothing is answered before the last one is there.]],
    clauses = { "RFC7383-2.6-02", "RFC7383-4-02" },
    needs = { "fragmentation" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(1)
        local id = sa:known_to(1).next_send
        local first = fragment(sa, id, 1, 2)
        sa:replay(first)
        sa:replay(first)
        t:expect_silence(first, { clauses = { "RFC7383-2.6-02", "RFC7383-4-02" },
            within = 0.5, text = "no answer to half of a request, three times" })
        fragment(sa, id, 2, 2)
        t:expect_answer(first, { clauses = { "RFC7383-2.6-02" }, within = 2,
            without = { 7 }, text = "an answer to all of it" })
    end,
}
