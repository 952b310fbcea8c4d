return reference {
    clause = "RFC6311-5.1-07",
    title = "P2 is the higher of P1 and what the peer would send next",
    wrong = "P2 is a Message ID that the peer has used",
    play = function(t)
        local cluster = t:cluster()
        local sa = cluster:accept()
        cluster:fail_over()
        t:watch(sa:synchronize {})
    end,
    violate = function(t)
        t.gateway:defect("p2-one-too-low")
    end,
}
