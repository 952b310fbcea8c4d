return scenario {
    id = "rfc6027/our-loose-other-address",
    title = "A member that took over speaks from an address of its own",
    purpose = [[RFC 6027 3.8: the address of the failed member is gone with it, and its
successor goes on from another one. What it requests is authentic; the response goes
where the request came from (RFC 7296 2.11), or never reaches it.]],
    clauses = { "RFC6027-3.8-01", "RFC7296-2.11-01", "RFC6311-5-04" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster { members = 3, loose = true, moves = true,
            takeover = { how = "eager", jump = 10000 } }
        local sa = cluster:accept()
        sa:request_liveness(2)
        for _ = 1, 2 do
            cluster:fail_over()
            t:expect_answer(sa:last_sync(), {
                clauses = { "RFC6311-5-04", "RFC7296-2.11-01" },
                text = "the synchronization request is answered to the " ..
                       "address that it came from" })
            t:await(20, function() return sa:synchronized() end,
                    "the synchronization")
            t:expect_answer(sa:start_liveness(),
                { clauses = { "RFC7296-2.11-01" },
                  text = "so is an ordinary request" })
        end
    end,
}
