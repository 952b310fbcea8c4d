return reference {
    clause = "RFC7296-2.23-03",
    title = "ESP in UDP is on port 4500",
    wrong = "it is on port 500",
    play = function(t)
        local sa = t:peer():accept()
        sa:ping()
        t:elapse(0.1)
    end,
    violate = function(t)
        t.gateway:tamper {esp = true, after_seal = function(_, info)
            info.source_port, info.destination_port = 500, 500
        end}
    end,
}
