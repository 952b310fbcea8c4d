return reference {
    clause = "RFC7296-2.5-01",
    title = "A higher major version is refused",
    wrong = "IKE_SA_INIT of version 3.0 is answered as if of version 2",
    also = {"RFC7296-3.1-05"},
    play = function(t, violating)
        local sa = t:peer():accept()
        local proposal = payload("SA", "\0\0\0\44\1\1\0\4\3\0\0\12\1\0\0\12" ..
            "\128\14\0\128\3\0\0\8\2\0\0\5\3\0\0\8\3\0\0\12\0\0\0\8\4\0\0\31")
        local ke = payload("KE", "\0\31\0\0" .. ("k"):rep(32))
        local nonce = payload("NONCE", ("n"):rep(32))
        sa:send {clear = true, exchange = "IKE_SA_INIT", version = 0x30,
                 spi_i = 77, spi_r = 0, message_id = 0, flags = 0x08,
                 payloads = {proposal, ke, nonce},
                 text = "IKE_SA_INIT of version 3.0"}
        t:elapse(0.1)
        if violating then
            t.gateway:send {clear = true, exchange = "IKE_SA_INIT", spi_i = 77,
                spi_r = 78, message_id = 0, flags = 0x20,
                payloads = {proposal, ke, nonce}}
        end
        t:elapse(0.1)
    end,
}
