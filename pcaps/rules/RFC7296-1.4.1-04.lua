return reference {
    clause = "RFC7296-1.4.1-04",
    title = "The response to a Delete names the other half",
    wrong = "it is empty",
    verdict = "warning",
    play = function(t)
        local sa = t:peer():accept()
        sa:delete_child(sa.children[1].spi_in)
        t:elapse(0.1)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "INFORMATIONAL", response = true,
            before_seal = function(m)
                m.payloads = {}
                return m
            end}
    end,
}
