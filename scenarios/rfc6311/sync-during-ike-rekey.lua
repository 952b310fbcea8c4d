return scenario {
    id = "rfc6311/sync-during-ike-rekey",
    title = "A synchronization in the midst of the gateway's IKE rekey",
    purpose = [[The member dies after the gateway has asked for a rekey. The new
member knows the old IKE SA only, and synchronizes it; a peer that ignores the
request until its rekey times out keeps the cluster waiting.]],
    clauses = { "RFC6311-5-04", "RFC6311-9-02" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        sa:request_liveness(1)
        local lost = cluster:tamper { exchange = "CREATE_CHILD_SA",
            response = true, drop = true, text = "our answer is lost" }
        cluster:synch("all", "lose")
        t.gateway:rekey("ike")
        sa:await_request { exchange = "CREATE_CHILD_SA" }
        cluster:fail_over()
        -- No answer of ours to the rekey until the synchronization is settled.
        t:expect_answer(sa:synchronize {}, { clauses = { "RFC6311-5-04" },
            within = 4, text = "answered although an IKE rekey is under way" })
        lost:remove()
    end,
}
