return reference {
    clause = "RFC7296-1.5-03",
    title = "INVALID_SPI in clear text is not answered",
    wrong = "it is",
    play = function(t, violating)
        local sa = t:peer():accept()
        sa:send {clear = true, spi_i = 7, spi_r = 8, message_id = 0,
                 payloads = {notify("INVALID_SPI", "aaaa")},
                 text = "INVALID_SPI in clear text"}
        t:elapse(0.1)
        if violating then
            t.gateway:send {clear = true, response = true, spi_i = 7, spi_r = 8,
                            message_id = 0, payloads = {notify("INVALID_IKE_SPI")}}
        end
        t:elapse(0.1)
    end,
}
