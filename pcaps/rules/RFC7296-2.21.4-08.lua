return reference {
    clause = "RFC7296-2.21.4-08",
    title = "Answers to unprotected messages are limited in rate",
    wrong = "a hundred in one second",
    verdict = "warning",
    play = function(t, violating)
        local sa = t:peer():accept()
        t.gateway:tamper {exchange = "INFORMATIONAL", drop = true}
        sa:send {clear = true, spi_i = 7, spi_r = 8, message_id = 0, times = 100,
                 text = "a hundred requests of an unknown IKE SA"}
        t:elapse(0.1)
        t.gateway:send {clear = true, response = true, spi_i = 7, spi_r = 8,
                        message_id = 0, payloads = {notify("INVALID_IKE_SPI")},
                        times = violating and 100 or 1}
        t:elapse(0.1)
    end,
}
