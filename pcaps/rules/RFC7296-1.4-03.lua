return reference {
    clause = "RFC7296-1.4-03",
    title = "A Child SA is spoken of under its own IKE SA",
    wrong = "a Delete of it under another one",
    play = function(t, violating)
        local cluster = t:peer()
        local first = cluster:accept()
        t.gateway:initiate()
        t:await(5, function() return #cluster.established == 2 end,
                "a second IKE SA")
        t:elapse(0.1)
        local second = cluster.established[2]
        local owner = t.gateway:sa(violating and first or second)
        t.gateway:send {sa = second,
                        payloads = {delete_payload {owner.children[1].spi_in}}}
        t:elapse(0.1)
    end,
}
