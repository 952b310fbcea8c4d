local ours = require "lib.our_cluster"

return scenario {
    id = "rfc6311/our-lazy-member",
    title = "A lazy member synchronizes when the gateway asks for something",
    purpose = [[RFC 6311 7: with many SAs a member synchronizes each when it is used. Until
then it rejects the peer's requests (8.1). The peer's request is what tells it that the
SA is used; after the synchronization the peer goes on without waiting for its answer.]],
    clauses = { "RFC6311-9-02", "RFC6311-5-04", "RFC6311-6.3-02" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster { takeover = { how = "lazy",
                                                 jump = 10000 } }
        local sa = cluster:accept()
        sa:request_liveness(2)
        sa:traffic(2)
        cluster:fail_over()
        t:elapse(1)
        t.gateway:rekey("child")
        ours.synchronized(t, sa)
        t.gateway:wait()
        t:elapse(0.2)
        t:expect_answer(sa:start_liveness(), { clauses = { "RFC6311-5-04" },
            text = "a request of ours is answered" })
        cluster:recover()
        cluster:fail_over()
        t:elapse(1)
        sa:touch()
        ours.synchronized(t, sa)
        t:expect_answer(sa:start_liveness(), { clauses = { "RFC6311-5-04" },
            text = "a request of ours is answered" })
    end,
}
