return reference {
    clause = "RFC7296-2.23-02",
    title = "Once a NAT was found ESP is in UDP",
    wrong = "plain ESP",
    play = function(t)
        local sa = t:peer():accept()
        sa:ping()
        t:elapse(0.1)
    end,
    violate = function(t)
        t.gateway:tamper {esp = true, after_seal = function(_, info)
            info.raw = true
        end}
    end,
}
