return reference {
    clause = "RFC4303-2.2.1-03",
    title = "Beyond 2^32 - 1 the high half in the ICV grows",
    wrong = "it is 0 again, as before",
    play = function(t)
        local cluster = t:cluster {members = 3, esp = "aes128gcm16-esn"}
        local sa = cluster:accept()
        -- In two steps: what is shortly before 2^32 would at first be taken
        -- for numbers before 1.
        for _, target in ipairs {1 << 31, (1 << 32) - 2} do
            cluster:synch_counters()
            cluster:fail_over()
            t:watch(sa:synchronize {delta = target - sa:esp().received,
                                    delta_size = 8})
            sa:ping()
            t:elapse(0.1)
        end
        t:elapse(3)
        for _ = 1, 18 do
            sa:ping()
            t:elapse(0.1)
        end
    end,
    violate = function(t)
        t.gateway:defect("esn-high-half-stays")
    end,
}
