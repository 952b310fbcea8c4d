return scenario {
    id = "rfc7296/unprotected-invalid-ike-spi",
    title = "INVALID_IKE_SPI in clear text changes no SA",
    purpose = [[It is a hint, and anybody can send one: the gateway may look whether
we are still there, and keeps the IKE SA and the Child SA while we answer.]],
    clauses = { "RFC7296-2.21.4-06", "RFC7296-2.4-05" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(1)
        for _, response in ipairs { true, false } do
            sa:send { payloads = { notify("INVALID_IKE_SPI") }, clear = true,
                      response = response, message_id = sa.received.next,
                      text = "INVALID_IKE_SPI in clear" }
            t:elapse(0.5)
            t:expect_answer(sa:start_liveness(),
                { clauses = { "RFC7296-2.21.4-06" },
                  text = "the IKE SA lives on" })
        end
        sa:traffic(2, { clauses = { "RFC7296-2.21.4-06" },
            text = "and so does the Child SA" })
    end,
}
