local message = require "lib.message"

return reference {
    clause = "RFC7296-2.25-04",
    title = "TEMPORARY_FAILURE is not put up with for ever",
    wrong = "after twenty minutes there is one more attempt",
    play = function(t, violating)
        local cluster = t:peer()
        cluster:accept()
        cluster:tamper {exchange = "CREATE_CHILD_SA", response = true,
            before_seal = message.replace(notify("TEMPORARY_FAILURE")),
            text = "TEMPORARY_FAILURE"}
        local child = t.gateway:sa().children[1].spi_in
        for _ = 1, violating and 12 or 2 do
            t.gateway:operate("rekey_child", nil, child)
            t:elapse(120)
        end
    end,
}
