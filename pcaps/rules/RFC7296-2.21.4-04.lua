return reference {
    clause = "RFC7296-2.21.4-04",
    title = "A request of an unknown IKE SA is answered in clear text",
    wrong = "the answer is encrypted",
    record = true,
    play = function(t, violating)
        local sa = t:peer():accept()
        t.gateway:tamper {exchange = "INFORMATIONAL", drop = true}
        sa:send {spi_i = 7, spi_r = 8, message_id = 0,
                 text = "a request of an unknown IKE SA"}
        t:elapse(0.1)
        t.gateway:send {clear = not violating, response = true, spi_i = 7,
                        spi_r = 8, message_id = 0,
                        payloads = {notify("INVALID_IKE_SPI")}}
        t:elapse(0.1)
    end,
}
