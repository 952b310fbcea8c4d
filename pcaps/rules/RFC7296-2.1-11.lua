return reference {
    clause = "RFC7296-2.1-11",
    title = "An error in clear text is told once",
    wrong = "it comes again after two seconds",
    verdict = "warning",
    play = function(t, violating)
        local sa = t:peer():accept()
        t.gateway:tamper {exchange = "INFORMATIONAL", drop = true}
        sa:send {clear = true, spi_i = 7, spi_r = 8, message_id = 0,
                 text = "a request of an unknown IKE SA"}
        for _ = 1, violating and 2 or 1 do
            t:elapse(2)
            t.gateway:send {clear = true, response = true, spi_i = 7, spi_r = 8,
                            message_id = 0, payloads = {notify("INVALID_IKE_SPI")}}
        end
        t:elapse(0.1)
    end,
}
