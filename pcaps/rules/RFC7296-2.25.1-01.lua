local message = require "lib.message"

return reference {
    clause = "RFC7296-2.25.1-01",
    title = "A rekey of a Child SA that is being closed meets TEMPORARY_FAILURE",
    wrong = "it meets CHILD_SA_NOT_FOUND",
    also = {"RFC7296-2.25-05"},
    play = function(t)
        local cluster = t:peer()
        local sa = cluster:accept()
        local child = t.gateway:sa().children[1].spi_in
        local ours = sa.children[1].spi_in
        message.cross(t, cluster, sa,
            function() t.gateway:operate("delete_child", sa, child) end,
            {exchange = "CREATE_CHILD_SA", payloads = message.child("aaaa", ours)})
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = true,
            before_seal = message.replace(
                notify("CHILD_SA_NOT_FOUND", "", {protocol = 3, spi = "bbbb"}))}
    end,
}
