return reference {
    clause = "RFC7296-1.4.1-01",
    title = "Both halves of a pair are closed",
    wrong = "ESP on one half, after this side's Delete of the other",
    play = function(t, violating)
        t:peer():accept()
        local last = t.gateway:tamper {esp = true, hold = true, limit = 1}
        t.gateway:ping()
        if not violating then
            last:release()
            t:elapse(0.1)
        end
        t.gateway:operate("delete_child", nil, t.gateway:sa().children[1].spi_in)
        t:elapse(2)
        if violating then
            last:release()
            t:elapse(0.1)
        end
    end,
}
