return reference {
    clause = "RFC7296-2.21.4-01",
    title = "A response of an unknown IKE SA is not answered",
    wrong = "it is",
    play = function(t, violating)
        local sa = t:peer():accept()
        sa:send {clear = true, response = true, spi_i = 7, spi_r = 8,
                 message_id = 0, text = "a response of an unknown IKE SA"}
        t:elapse(0.1)
        if violating then
            t.gateway:send {clear = true, response = true, spi_i = 7, spi_r = 8,
                            message_id = 0, payloads = {notify("INVALID_IKE_SPI")}}
        end
        t:elapse(0.1)
    end,
}
