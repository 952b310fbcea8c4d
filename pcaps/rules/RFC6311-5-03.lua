return reference {
    clause = "RFC6311-5-03",
    title = "What was negotiated is shared with the other members",
    wrong = "the new member starts a request under a used Message ID and does not synchronize",
    gateway = "cluster",
    record = true,
    verdict = "warning",
    also = {"RFC7296-2.1-09"},
    play = function(t, violating)
        local cluster = t:peer {gateway = {members = 2, synch = "message_id lose",
            takeover = violating and "by-hand" or "eager"}}
        cluster:accept()
        t.gateway:operate("liveness")
        t:elapse(0.1)
        t.gateway:fail("crash")
        t:elapse(0.3)
        t.gateway:request {payloads = {notify(40000)}}
        t:elapse(0.3)
    end,
}
