return reference {
    clause = "RFC4303-2.1-02",
    title = "ESP packets carry the SPI that their receiver chose",
    wrong = "an ESP packet with SPI 0",
    play = function(t)
        local cluster = t:peer {encapsulate = false,
                                gateway = {encapsulate = false}}
        local sa = cluster:accept()
        sa:ping()
        t:elapse(0.1)
    end,
    violate = function(t)
        t.gateway:tamper {esp = true, after_seal = function(octets)
            return "\0\0\0\0" .. octets:sub(5)
        end}
    end,
}
