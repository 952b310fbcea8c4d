return scenario {
    id = "rfc7296/ids-restart-after-rekey",
    title = "Message IDs start at 0 on a rekeyed IKE SA, from either side",
    purpose = [[Each IKE SA counts for itself. Both the initiator and the responder of
the rekey begin again at 0.]],
    clauses = { "RFC7296-2.18-01", "RFC7296-2.2-02" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(2)
        sa = sa:rekey()
        sa:request_liveness(2)
        t.gateway:rekey("child")
        t:expect_request({ sa = sa, message_id = 0 },
            { clauses = { "RFC7296-2.18-01" },
              text = "the gateway's first request has Message ID 0" })
        t.gateway:wait()
        t.gateway:rekey("ike")
        sa = sa:successor()
        sa:request_liveness(2)
    end,
}
