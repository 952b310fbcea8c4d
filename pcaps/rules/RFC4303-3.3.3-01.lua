return reference {
    clause = "RFC4303-3.3.3-01",
    title = "The first ESP packet of an SA has the sequence number 1",
    wrong = "the first packet has the sequence number 0",
    play = function(t)
        local sa = t:peer():accept()
        for i = 1, 2 do
            sa:ping {sequence = i}
            t:elapse(0.1)
        end
    end,
    violate = function(t)
        t.gateway:defect("esp-starts-at-0")
    end,
}
