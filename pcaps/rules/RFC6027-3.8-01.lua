return reference {
    clause = "RFC6027-3.8-01",
    title = "A member answers from the address that was asked",
    wrong = "the response comes from the address of another member",
    gateway = "cluster",
    verdict = "warning",
    record = true,
    play = function(t)
        local peer = t:peer {gateway = {members = 2, sharing = "sticky",
                                        loose = "yes"}}
        local sa = peer:accept()
        sa:start_liveness()
        t:elapse(0.2)
    end,
    violate = function(t)
        t.gateway:defect("member-answers-from-other-address")
    end,
}
