return reference {
    clause = "RFC7296-2.3-12",
    title = "A request outside the window is not answered",
    wrong = "it is answered",
    play = function(t)
        local sa = t:peer():accept()
        sa:request_liveness(1)
        t:watch(sa:send {message_id = sa.sent.next + 5,
                         text = "a request beyond the window"})
    end,
    violate = function(t)
        t.gateway:defect("answers-out-of-window")
    end,
}
