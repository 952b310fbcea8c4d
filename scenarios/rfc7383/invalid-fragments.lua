local fragment = require "lib.big_request"

return scenario {
    id = "rfc7383/invalid-fragments",
    title = "Fragments with impossible numbers do not disturb a set",
    purpose = [[Number 0, a number above the total, and a total below that of the set that is
being put together: all are dropped without a word, and the set is completed.]],
    clauses = { "RFC7383-2.6-01" },
    needs = { "fragmentation" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(1)
        local id = sa:known_to(1).next_send
        local first = fragment(sa, id, 1, 3)
        fragment(sa, id, 0, 3)
        fragment(sa, id, 4, 3)
        fragment(sa, id, 2, 2)
        t:expect_silence(first, { clauses = { "RFC7383-2.6-01" }, within = 0.5,
            text = "impossible fragments are dropped silently" })
        fragment(sa, id, 2, 3)
        fragment(sa, id, 3, 3)
        t:expect_answer(first, { clauses = { "RFC7383-2.6-01" }, within = 2,
            without = { 7 }, text = "the set is completed all the same" })
    end,
}
