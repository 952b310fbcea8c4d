local fault = require "lib.synch_fault"

return scenario {
    id = "rfc6027/our-synch-duplicated",
    title = "Synch messages come twice, the copies late, then the cluster fails over",
    purpose = [[The late copies bring the standby back to what was true before.
A peer that keeps to RFC 6311 lets the new member find the way back with a
higher M1.]],
    clauses = { "RFC6027-3.3-02", "RFC6027-3.6-02", "RFC6027-3.6-03",
                "RFC6311-5-04" },
    needs = { "message_id_sync" },
    run = function(t)
        fault.play(t, "duplicate", { delay = 0.2 })
    end,
}
