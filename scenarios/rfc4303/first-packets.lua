return scenario {
    id = "rfc4303/first-packets",
    title = "Numbers begin at 1 and rise, and no IV comes twice",
    purpose = [[A fresh pair of SAs and its successor: the first packet has number 1,
each further one a higher number, and with AES-GCM an IV of its own. One IV used twice
gives the authentication key away.]],
    clauses = { "RFC4303-2.2-01", "RFC4303-2.2-02", "RFC4303-3.3.3-01",
                "RFC4106-3.1-01", "RFC4106-3.1-02", "RFC4106-5-01",
                "RFC4106-6-01", "RFC4106-8.1-01", "RFC4303-2.1-02",
                "RFC4303-2.2.1-01" },
    run = function(t)
        local cluster = t:cluster {}
        local sa = cluster:accept()
        local clear = { esn = false,
            clauses = { "RFC4303-2.2.1-01", "RFC4106-3.1-01", "RFC4106-5-01",
                        "RFC4106-6-01", "RFC4106-8.1-01" },
            text = "with the salt of the SA, an IV of 8 octets, an ICV of " ..
                "16, and SPI and 32 bits of the number as associated data " ..
                "it verifies" }
        sa:await_esp()
        sa:traffic(8, clear)
        sa:rekey_child()
        sa:traffic(8, clear)
    end,
}
