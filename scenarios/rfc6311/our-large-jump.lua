local ours = require "lib.our_cluster"

return scenario {
    id = "rfc6311/our-large-jump",
    title = "ESP numbers jump by 2^30, and a rekey follows",
    purpose = [[A member that cannot estimate what was sent jumps by 2^30 (RFC 6311 5.2) and
rekeys shortly afterwards. The peer must take packets from beyond the jump, and the new
Child SA that starts at 1 again.]],
    clauses = { "RFC6311-4-01", "RFC4303-3.4.3-06", "RFC6027-3.4-02" },
    needs = { "message_id_sync" },
    run = function(t)
        local cluster = t:cluster {
            takeover = { how = "lazy", jump = 1 << 30 } }
        local sa = cluster:accept()
        local spi = sa.children[1].spi_in
        sa:traffic(3)
        cluster:fail_over()
        sa:traffic(3, { text = "packets from beyond the jump arrive" })
        sa:touch()
        ours.synchronized(t, sa)
        t:await(10, function()
            return #sa.children == 1 and sa.children[1].spi_in ~= spi
        end, "the rekey of the Child SA")
        t:elapse(0.2)
        ours.life_goes_on(t, sa)
    end,
}
