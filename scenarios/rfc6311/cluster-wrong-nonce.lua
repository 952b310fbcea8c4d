local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6311/cluster-wrong-nonce",
    title = "An answer with another nonce is dropped",
    purpose = [[The first answers that the new member gets carry another nonce and other
values, as a recorded answer to another synchronization would; the true one comes
later. Whoever adopts the first ends with counters that the peer does not have.]],
    clauses = { "RFC6311-5.1-09", "RFC6311-6.3-02" },
    gateway = "cluster",
    needs = { "message_id_sync" },
    run = function(t)
        local peer = t:peer {}
        local sa = peer:accept()
        sa:request_liveness(2)
        t.gateway:liveness()
        t:elapse(0.1)
        peer:tamper { exchange = gateway.INFORMATIONAL, message_id = 0,
            response = true, notify = "IKEV2_MESSAGE_ID_SYNC", limit = 2,
            text = "the answer has another nonce, and higher values",
            before_seal = function(message)
                local data = message.payloads[1].data
                local nonce, p2, m2 = string.unpack(">I4I4I4", data)
                message.payloads[1].data = string.pack(">I4I4I4",
                    nonce ~ 1, p2 + 50, m2 + 50)
                return message
            end }
        local since = gateway.fail_over(t, sa, "crash")
        t:expect_request({ sa = sa, exchange = gateway.INFORMATIONAL,
            message_id = 0, again = true, since = since + 1000000 },
            { clauses = { "RFC6311-5.1-09" }, within = 10,
              text = "it goes on asking until the true answer comes" })
        t:elapse(10)
        local next = sa.received.next
        since = t:now()
        t.gateway:liveness()
        t:expect_request({ sa = sa, exchange = gateway.INFORMATIONAL,
            message_id = next, since = since },
            { clauses = { "RFC6311-5.1-09" },
              text = "its next request has the Message ID that was agreed on" })
        t:elapse(0.1)
        t:expect_answer(sa:start_liveness(), { clauses = { "RFC6311-5.1-09" },
            text = "and so has ours" })
    end,
}
