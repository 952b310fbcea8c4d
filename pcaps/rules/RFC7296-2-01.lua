return reference {
    clause = "RFC7296-2-01",
    title = "IKE on port 4500 begins with four zero octets",
    wrong = "a request without them",
    play = function(t, violating)
        t:peer():accept()
        t.gateway:send {octets = t.gateway:seal {}, esp = violating}
        t:elapse(0.1)
    end,
}
