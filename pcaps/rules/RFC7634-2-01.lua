return reference {
    clause = "RFC7634-2-01",
    title = "With ChaCha20-Poly1305 no two ESP packets share an IV",
    wrong = "the third packet has the IV of the second",
    play = function(t)
        local sa = t:peer {esp = "chacha20poly1305"}:accept()
        for i = 1, 3 do
            sa:ping {sequence = i}
            t:elapse(0.1)
        end
    end,
    violate = function(t)
        t.gateway:defect("repeats-iv")
    end,
}
