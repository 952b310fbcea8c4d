return reference {
    clause = "RFC6311-5.1-10",
    title = "Nothing but 16422 is in a synchronization response",
    wrong = "the response holds a Vendor ID as well",
    play = function(t)
        local cluster = t:cluster()
        local sa = cluster:accept()
        cluster:fail_over()
        t:watch(sa:synchronize {})
    end,
    violate = function(t)
        t.gateway:defect("adds-vendor-to-sync-response")
    end,
}
