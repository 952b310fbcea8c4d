local fragment = require "lib.big_request"

return scenario {
    id = "rfc7383/smaller-fragments",
    title = "Smaller fragments take the place of larger ones",
    purpose = [[A sender that finds the path too narrow cuts its message anew, with a higher
total. What was there of the former set is of no use, and the new one may come in any
order.]],
    clauses = { "RFC7383-2.6-04", "RFC7383-2.6.1-01" },
    needs = { "fragmentation" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(1)
        local id = sa:known_to(1).next_send
        fragment(sa, id, 1, 2)
        t:elapse(0.2)
        fragment(sa, id, 3, 4)
        fragment(sa, id, 2, 4)
        local first = fragment(sa, id, 1, 4)
        fragment(sa, id, 4, 4)
        t:expect_answer(first, { clauses = { "RFC7383-2.6-04",
            "RFC7383-2.6.1-01" }, within = 2,
            without = { 7 }, text = "the second set is put together" })
    end,
}
