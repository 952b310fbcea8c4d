return reference {
    clause = "RFC6311-6.3-01",
    title = "16422 has 12 octets of data",
    wrong = "the response's 16422 has 16",
    play = function(t)
        local cluster = t:cluster()
        local sa = cluster:accept()
        cluster:fail_over()
        t:watch(sa:synchronize {})
    end,
    violate = function(t)
        t.gateway:defect("long-sync-response")
    end,
}
