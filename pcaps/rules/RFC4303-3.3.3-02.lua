return reference {
    clause = "RFC4303-3.3.3-02",
    title = "ESP sequence numbers end at 2^32 - 1",
    wrong = "after 4294967295 the packet with number 1 follows, under the same key",
    play = function(t)
        local cluster = t:cluster {esp = "aes128-sha256"}
        local sa = cluster:accept()
        sa:traffic(1)
        cluster:synch_counters()
        cluster:fail_over()
        t:watch(sa:synchronize {delta = 0xffffffff - sa:esp().received - 2})
        for i = 1, 4 do
            sa:ping {sequence = i}
            t:elapse(0.3)
        end
    end,
    violate = function(t)
        t.gateway:defect("esp-number-cycles")
    end,
}
