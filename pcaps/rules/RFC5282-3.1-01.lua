return reference {
    clause = "RFC5282-3.1-01",
    title = "With AES-GCM no two IKE messages of one side share an IV",
    wrong = "two different messages have the same IV",
    play = function(t, violating)
        t:peer {ike = "aes128gcm16-prfsha256-x25519"}:accept()
        local next_send = t.gateway:sa().next_send
        for i = 0, 1 do
            t.gateway:send {message_id = next_send + i,
                            iv = violating and "12345678" or "1234567" .. i}
            t:elapse(0.1)
        end
    end,
}
