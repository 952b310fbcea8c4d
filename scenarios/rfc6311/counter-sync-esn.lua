return scenario {
    id = "rfc6311/counter-sync-esn",
    title = "Replay counters with extended sequence numbers, past 2^32",
    purpose = [[With ESN the delta has 8 octets, and the counters go past 2^32: the
high half is not on the wire but in the ICV. A peer that forgets to carry it seals
packets that nobody can open.]],
    clauses = { "RFC6311-6.4-01", "RFC6311-5.2-04", "RFC4303-2.2.1-03" },
    needs = { "message_id_sync", "replay_counter_sync", "esn" },
    run = function(t)
        local cluster = t:cluster { esp = "aes128gcm16-esn", members = 4 }
        local sa = cluster:accept()
        sa:traffic(2)
        for _ = 1, 3 do
            cluster:synch_counters()
            cluster:fail_over()
            t:expect_answer(sa:synchronize { delta = 3 << 29,
                                             delta_size = 8 },
                { clauses = { "RFC6311-5-04" },
                  text = "a delta of 8 octets is in order with ESN" })
            t:elapse(0.3)
            sa:traffic(3, { clauses = { "RFC4303-2.2.1-03" },
                text = "traffic goes on with the high half in the ICV" })
        end
        sa:request_liveness(1)
    end,
}
