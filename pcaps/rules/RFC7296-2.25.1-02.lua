local message = require "lib.message"

return reference {
    clause = "RFC7296-2.25.1-02",
    title = "A rekey of a Child SA that is being rekeyed is answered as usual",
    wrong = "it meets TEMPORARY_FAILURE",
    play = function(t)
        local cluster = t:peer()
        local sa = cluster:accept()
        local child = t.gateway:sa().children[1].spi_in
        local ours = sa.children[1].spi_in
        message.cross(t, cluster, sa,
            function() t.gateway:operate("rekey_child", sa, child) end,
            {exchange = "CREATE_CHILD_SA", payloads = message.child("aaaa", ours)})
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = true,
            before_seal = message.replace(notify("TEMPORARY_FAILURE"))}
    end,
}
