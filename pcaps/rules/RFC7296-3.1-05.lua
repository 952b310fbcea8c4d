return reference {
    clause = "RFC7296-3.1-05",
    title = "What claims to be of version 3 is not processed as version 2",
    wrong = "IKE_SA_INIT of version 3 is answered as if it were of version 2",
    also = {"RFC7296-2.5-01"},
    play = function(t, violating)
        local sa = t:peer():accept()
        local spi, nonce = 0x56455253494f4e33, string.pack(">BBI2", 0, 0, 36) ..
                           ("n"):rep(32)
        sa:send {clear = true, after_seal = function()
            return string.pack(">I8I8BBBBI4I4", spi, 0, 40, 0x30, 34, 0x08, 0,
                               28 + #nonce) .. nonce
        end}
        t:elapse(0.1)
        if violating then
            local proposal = "\0\0\0\x2c\1\1\0\4" ..
                "\3\0\0\x0c\1\0\0\x14\x80\x0e\0\x80" ..
                "\3\0\0\8\2\0\0\5\3\0\0\8\4\0\0\x1f" ..
                "\0\0\0\8\3\0\0\0"
            local payloads = string.pack(">BBI2", 40, 0, 4 + #proposal) .. proposal ..
                             nonce
            t.gateway:send {octets = string.pack(">I8I8BBBBI4I4", spi, 77, 33, 0x20,
                                                 34, 0x20, 0, 28 + #payloads) .. payloads}
        end
        t:elapse(0.1)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "IKE_SA_INIT", response = true, drop = true}
    end,
}
