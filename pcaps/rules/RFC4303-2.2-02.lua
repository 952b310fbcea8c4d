return reference {
    clause = "RFC4303-2.2-02",
    title = "The sequence number of ESP counts",
    wrong = "every packet has the sequence number 1",
    play = function(t)
        local sa = t:peer():accept()
        for i = 1, 3 do
            sa:ping {sequence = i}
            t:elapse(0.1)
        end
    end,
    violate = function(t)
        t.gateway:defect("constant-esp-number")
    end,
}
