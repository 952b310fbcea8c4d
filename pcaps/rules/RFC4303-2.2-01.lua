return reference {
    clause = "RFC4303-2.2-01",
    title = "Each ESP packet has a sequence number of its own",
    wrong = "the third packet has the number of the second",
    play = function(t)
        local sa = t:peer():accept()
        for i = 1, 3 do
            sa:ping {sequence = i}
            t:elapse(0.1)
        end
    end,
    violate = function(t)
        t.gateway:defect("repeats-esp-number")
    end,
}
