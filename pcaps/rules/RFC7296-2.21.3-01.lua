return reference {
    clause = "RFC7296-2.21.3-01",
    title = "A request with an unknown critical payload is refused for it",
    wrong = "the response names no error",
    play = function(t)
        local sa = t:peer():accept()
        t:watch(sa:send {payloads = {payload(100, "", {flags = 0x80})},
                         text = "a critical payload that nobody knows"})
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "INFORMATIONAL", response = true,
            before_seal = function(m)
                m.payloads = {notify(40000)}
                return m
            end}
    end,
}
