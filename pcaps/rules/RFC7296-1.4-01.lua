return reference {
    clause = "RFC7296-1.4-01",
    title = "INFORMATIONAL messages are protected",
    wrong = "a Delete in clear text",
    play = function(t, violating)
        local sa = t:peer():accept()
        if violating then
            t.gateway:send {clear = true, payloads = {delete_payload()}}
        else
            t.gateway:send {clear = true, response = true, spi_i = 1, spi_r = 2,
                            message_id = 5, payloads = {notify("INVALID_IKE_SPI")}}
        end
        t:elapse(0.1)
    end,
}
