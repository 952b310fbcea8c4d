return reference {
    clause = "RFC4106-3.1-02",
    title = "With AES-GCM no two ESP packets share an IV",
    wrong = "the third packet has the IV of the second",
    play = function(t)
        local sa = t:peer {esp = "aes128gcm16"}:accept()
        for i = 1, 3 do
            sa:ping {sequence = i}
            t:elapse(0.1)
        end
    end,
    violate = function(t)
        t.gateway:defect("repeats-iv")
    end,
}
