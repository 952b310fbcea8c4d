local ours = require "lib.our_cluster"

return scenario {
    id = "rfc6027/our-two-brains",
    title = "Two members use one IKE SA at once, until they find each other again",
    purpose = [[RFC 6027 3.7: the synch channel is cut, and both members believe to be active.
The peer sees two requests under one Message ID: to it the second one is a repetition of
the first, or nothing. It must not process both, and must go on with whoever is left.]],
    clauses = { "RFC6027-3.7-01", "RFC7296-2.1-02", "RFC6311-5-04" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster { takeover = { how = "eager",
                                                 jump = 10000 } }
        local sa = cluster:accept()
        sa:request_liveness(2)
        sa:traffic(2)
        cluster:fail_over("split")
        ours.synchronized(t, sa)
        ours.life_goes_on(t, sa)
        -- The one that was cut off goes on with the Message IDs it knew.
        cluster:drive(1)
        sa:start_liveness()
        t:elapse(0.3)
        sa:ping {}
        sa:abandon()
        cluster:drive(nil)
        ours.life_goes_on(t, sa)
        cluster:recover(1)
        t:elapse(0.1)
        ours.life_goes_on(t, sa)
    end,
}
