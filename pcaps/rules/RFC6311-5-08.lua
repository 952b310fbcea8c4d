return reference {
    clause = "RFC6311-5-08",
    title = "Towards a peer without support nothing is synchronized",
    wrong = "a request with 16422 to a side that did not assert 16420",
    play = function(t, violating)
        local sa = t:peer {message_id_sync = false,
                           replay_counter_sync = false}:accept()
        t.gateway:operate("liveness")
        t:elapse(0.1)
        if violating then
            t.gateway:send {message_id = 0,
                            payloads = {sync_notify("abcd", 10, 10)}}
            t:elapse(0.1)
        end
    end,
}
