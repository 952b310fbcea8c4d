return reference {
    clause = "RFC7296-2.3-02",
    title = "On a new IKE SA the window is 1 until a larger one is announced",
    wrong = "two requests at once, after a rekey",
    play = function(t, violating)
        local cluster = t:peer {window = 4}
        local sa = cluster:accept()
        cluster:tamper {exchange = "INFORMATIONAL", response = false, limit = 1,
                        drop = true, text = "our announcement is lost"}
        cluster:tamper {exchange = "INFORMATIONAL", response = true, delay = 0.1,
                        text = "our answers are late"}
        sa:rekey()
        t.gateway:send {message_id = 0}
        t:elapse(violating and 0.05 or 0.2)
        t.gateway:send {message_id = 1}
        t:elapse(0.2)
    end,
}
