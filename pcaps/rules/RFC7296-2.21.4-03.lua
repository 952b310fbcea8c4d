return reference {
    clause = "RFC7296-2.21.4-03",
    title = "INVALID_IKE_SPI goes where the request came from",
    wrong = "it goes to another port",
    play = function(t, violating)
        local sa = t:peer():accept()
        t.gateway:tamper {exchange = "INFORMATIONAL", drop = true}
        sa:send {clear = true, spi_i = 7, spi_r = 8, message_id = 0,
                 text = "a request of an unknown IKE SA"}
        t:elapse(0.1)
        t.gateway:send {clear = true, response = true, spi_i = 7, spi_r = 8,
                        message_id = 0, payloads = {notify("INVALID_IKE_SPI")},
                        destination_port = violating and 4511 or nil}
        t:elapse(0.1)
    end,
}
