return scenario {
    id = "rfc7296/out-of-window",
    title = "Requests outside the window are not answered",
    purpose = [[Message IDs are the replay protection of IKE. An old ID with new
content, or one beyond the window, must not be processed.]],
    clauses = { "RFC7296-2.3-12", "RFC7296-2.3-11" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(3)
        for _, distance in ipairs { -3, -2, 2, 100 } do
            local odd = sa:send { message_id = sa.sent.next + distance,
                                  payloads = {} }
            t:expect_silence(odd, { clauses = { "RFC7296-2.3-12" },
                text = "an ID outside the window is not answered" })
        end
        sa:request_liveness(1)
    end,
}
