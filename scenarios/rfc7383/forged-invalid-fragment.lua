local fragment = require "lib.big_request"

return scenario {
    id = "rfc7383/forged-invalid-fragment",
    title = "A forged fragment with the number 0 has no effect",
    purpose = [[Nobody needs a key to send it. It is dropped without a word, as any fragment
with an impossible number, and the IKE SA lives on.]],
    clauses = { "RFC7383-2.6-01", "RFC7296-3.10.1-04" },
    needs = { "fragmentation" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(1)
        local id = sa:known_to(1).next_send
        local forged = fragment(sa, id, 0, 3, { corrupt = -1 })
        t:expect_silence(forged, { within = 0.5,
            clauses = { "RFC7383-2.6-01", "RFC7296-3.10.1-04" },
            text = "nothing is said to a fragment that nobody vouches for" })
        local first = fragment(sa, id, 1, 2)
        fragment(sa, id, 2, 2)
        t:expect_answer(first, { clauses = { "RFC7383-2.6-01" }, within = 2,
            without = { 7 }, text = "the IKE SA lives" })
    end,
}
