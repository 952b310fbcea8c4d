return reference {
    clause = "RFC7296-1.4.1-03",
    title = "What the other side deletes is closed",
    wrong = "ESP on an SA whose Delete was answered two seconds ago",
    play = function(t, violating)
        local sa = t:peer():accept()
        local last = t.gateway:tamper {esp = true, hold = true, limit = 1}
        t.gateway:ping()
        if not violating then
            last:release()
            t:elapse(0.1)
        end
        sa:delete_child(sa.children[1].spi_in)
        t:elapse(2)
        if violating then
            last:release()
            t:elapse(0.1)
        end
    end,
}
