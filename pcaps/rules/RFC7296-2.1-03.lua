return reference {
    clause = "RFC7296-2.1-03",
    title = "An answer ends the repeating",
    wrong = "the request comes again and again in spite of six answers",
    play = function(t, violating)
        local cluster = t:peer()
        cluster:accept()
        local request
        t.gateway:tamper {exchange = "INFORMATIONAL", response = false,
            after_seal = function(octets)
                request = octets
            end}
        cluster:tamper {exchange = "INFORMATIONAL", response = true, drop = true,
                        limit = violating and 0 or 1, text = "our answer is lost"}
        t.gateway:operate("liveness")
        for i = 0, 5 do
            t:elapse(1.2 * 1.7 ^ i)
            if violating then
                t.gateway:send {octets = request}
            end
        end
        t:elapse(0.2)
    end,
}
