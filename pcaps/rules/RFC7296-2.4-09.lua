return reference {
    clause = "RFC7296-2.4-09",
    title = "What unprotected messages set off is limited in rate",
    wrong = "a hundred liveness checks for a hundred of them in one second",
    verdict = "warning",
    play = function(t, violating)
        local sa = t:peer():accept()
        sa:send {clear = true, response = true, message_id = 5, times = 100,
                 payloads = {notify("INVALID_IKE_SPI")},
                 text = "INVALID_IKE_SPI in clear text, a hundred times"}
        for _ = 1, violating and 100 or 1 do
            t.gateway:operate("liveness")
            t:elapse(0.005)
        end
        t:elapse(0.1)
    end,
}
