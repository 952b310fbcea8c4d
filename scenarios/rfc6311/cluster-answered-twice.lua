local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6311/cluster-answered-twice",
    title = "A second answer to a synchronization is discarded",
    purpose = [[The true answer comes, then the same octets again, then one with the same
nonce and higher values. Whoever adopts a later one can be moved at will by anybody who
has recorded it, or by a peer that answers twice.]],
    clauses = { "RFC6311-11-01" },
    gateway = "cluster",
    needs = { "message_id_sync" },
    run = function(t)
        local peer = t:peer {}
        local sa = peer:accept()
        sa:request_liveness(2)
        local data, octets
        peer:tamper { exchange = gateway.INFORMATIONAL, message_id = 0,
            response = true, notify = "IKEV2_MESSAGE_ID_SYNC", limit = 1,
            before_seal = function(message)
                data = message.payloads[1].data
            end,
            after_seal = function(sealed)
                octets = sealed
                return sealed
            end }
        gateway.fail_over(t, sa, "crash")
        t:elapse(0.1)
        local next = sa.received.next
        sa:replay { octets = octets }
        t:elapse(0.1)
        local nonce, p2, m2 = string.unpack(">c4I4I4", data)
        sa:send { message_id = 0, response = true, payloads = {
            sync_notify(nonce, p2 + 50, m2 + 50) },
            text = "another answer with the same nonce and higher values" }
        t:elapse(0.1)
        local since = t:now()
        t.gateway:liveness()
        t:expect_request({ sa = sa, exchange = gateway.INFORMATIONAL,
            message_id = next, since = since },
            { clauses = { "RFC6311-11-01" },
              text = "its next request has the Message ID of the first answer" })
        t:elapse(0.1)
        t:expect_answer(sa:start_liveness(), { clauses = { "RFC6311-11-01" },
            text = "and so has ours" })
    end,
}
