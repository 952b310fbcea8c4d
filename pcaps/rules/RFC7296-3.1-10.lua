return reference {
    clause = "RFC7296-3.1-10",
    title = "Length counts the header and all payloads",
    wrong = "it counts 10 octets more",
    play = function(t, violating)
        t:peer {ike = "aes128gcm16-prfsha256-x25519"}:accept()
        t.gateway:send {after_seal = function(octets)
            local length = #octets + (violating and 10 or 0)
            return octets:sub(1, 24) .. string.pack(">I4", length) .. octets:sub(29)
        end}
        t:elapse(0.1)
    end,
}
