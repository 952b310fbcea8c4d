return scenario {
    id = "rfc6311/sync-nonces",
    title = "The nonce of the request comes back unchanged, whatever it is",
    purpose = [[The nonce ties an answer to its request. Zero and all ones are
values like any other.]],
    clauses = { "RFC6311-5.1-08" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        cluster:fail_over()
        for _, nonce in ipairs { "\0\0\0\0", "\255\255\255\255", "\0\0\0\1",
                                 random(4) } do
            t:expect_answer(sa:synchronize { nonce = nonce },
                { clauses = { "RFC6311-5.1-08" }, nonce = nonce,
                  text = "an answer with the same nonce" })
            sa:request_liveness(1)
        end
    end,
}
