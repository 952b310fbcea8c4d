return scenario {
    id = "rfc4303/transport-mode-only",
    title = "A gateway that must have transport mode deletes the tunnel",
    purpose = [[Where the policy wants transport mode and the peer gives a tunnel, the
Child SA has to go: neither end may be left with half of it.]],
    clauses = { "RFC7296-1.3.1-03" },
    needs = { "transport_mode_only" },
    run = function(t)
        local cluster = t:cluster { mode = "transport",
            gateway = { mode = "transport-only" } }
        local sa = cluster:accept()
        cluster:tamper {
            exchange = "CREATE_CHILD_SA", response = true, limit = 1,
            text = "transport mode is declined",
            before_seal = function(message)
                for i, payload in ipairs(message.payloads) do
                    if payload.notify == 16391 then
                        table.remove(message.payloads, i)
                        return message
                    end
                end
            end,
        }
        t.gateway:rekey("child")
        t:expect_request({ sa = sa, exchange = "INFORMATIONAL", payload = 42 },
            { clauses = { "RFC7296-1.3.1-03" },
              text = "the Child SA that came as a tunnel is deleted" })
    end,
}
