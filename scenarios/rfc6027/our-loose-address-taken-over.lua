local ours = require "lib.our_cluster"

return scenario {
    id = "rfc6027/our-loose-address-taken-over",
    title = "A member of a loose cluster takes the failed one's address over",
    purpose = [[RFC 6027 2: in a loose cluster each member has an address, and it may go to
another member when its owner fails. The peer sees one address that answers as before.]],
    clauses = { "RFC6311-5-04", "RFC6027-3.2-01" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster { members = 3, loose = true,
            takeover = { how = "eager", jump = 10000 } }
        local sa = cluster:accept()
        sa:traffic(2)
        for _ = 1, 2 do
            cluster:fail_over()
            ours.synchronized(t, sa)
            ours.life_goes_on(t, sa)
            ours.gateway_goes_on(t, sa)
            ours.life_goes_on(t, sa)
        end
    end,
}
