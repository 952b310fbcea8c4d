return reference {
    clause = "RFC7296-1.5-04",
    title = "INVALID_IKE_SPI is a response without data",
    wrong = "it has 8 octets of data",
    play = function(t, violating)
        t:peer():accept()
        t.gateway:send {clear = true, response = true, spi_i = 1, spi_r = 2,
                        message_id = 5, payloads = {
                            notify("INVALID_IKE_SPI", violating and "12345678")}}
        t:elapse(0.1)
    end,
}
