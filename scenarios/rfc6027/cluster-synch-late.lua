local fault = require "lib.gateway_synch_fault"

return scenario {
    id = "rfc6027/cluster-synch-late",
    title = "Synch messages of each kind are late",
    purpose = [[RFC 6027 3.3 and 3.6: the channel between the members fails,
nobody notices, and then the active member does. Each kind of message comes half
a second late, after the failover, while exchanges of both sides create, rekey
and delete SAs. What the new member does not know may cost the SA concerned;
what it believes to know must not break the peer's.]],
    clauses = { "RFC6027-3.3-01", "RFC6027-3.3-02", "RFC6027-3.6-01",
                "RFC6027-3.6-02", "RFC6311-5.1-01", "RFC6311-5.2-01" },
    gateway = "cluster",
    needs = { "message_id_sync", "synch", "rekey", "traffic" },
    timeout = 600,
    run = function(t)
        fault.play(t, "delay", { delay = 0.5 })
    end,
}
