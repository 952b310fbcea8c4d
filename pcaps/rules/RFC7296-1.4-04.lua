return reference {
    clause = "RFC7296-1.4-04",
    title = "Every request is answered",
    wrong = "six copies of a request get no answer, though its receiver lives",
    play = function(t)
        local sa = t:peer():accept()
        local request = sa:send {text = "a request of the script's own"}
        for _ = 1, 5 do
            t:elapse(1.2)
            sa:replay(request)
        end
        t:elapse(1.2)
        t.gateway:operate("liveness")
        t:elapse(0.2)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "INFORMATIONAL", response = true, drop = true,
                          repeats = true}
    end,
}
