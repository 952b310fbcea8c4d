local fragment = require "lib.big_request"

return scenario {
    id = "rfc7383/forged-fragment",
    title = "A forged fragment does not take the place of the genuine one",
    purpose = [[Whoever sees one fragment can send another with the same number, and a wrong
ICV. If it were kept, the genuine one would be taken for its replay.]],
    clauses = { "RFC7383-2.6-03" },
    needs = { "fragmentation" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(1)
        local id = sa:known_to(1).next_send
        local first = fragment(sa, id, 1, 2)
        fragment(sa, id, 2, 2, { corrupt = -1 })
        t:expect_silence(first, { clauses = { "RFC7383-2.6-03" }, within = 0.5,
            text = "the forged fragment is dropped silently" })
        fragment(sa, id, 2, 2)
        t:expect_answer(first, { clauses = { "RFC7383-2.6-03" }, within = 2,
            without = { 7 }, text = "the genuine one completes the request" })
    end,
}
