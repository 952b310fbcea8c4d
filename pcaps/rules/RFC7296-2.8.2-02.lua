local message = require "lib.message"

return reference {
    clause = "RFC7296-2.8.2-02",
    title = "The new IKE SA that stays has all Child SAs",
    wrong = "CHILD_SA_NOT_FOUND for one of them",
    play = function(t, violating)
        local cluster = t:peer()
        local sa = cluster:accept()
        t.gateway:operate("rekey", sa)
        pcall(sa.rekey, sa)
        t:elapse(2)
        local heir = sa:successor() or sa
        if violating then
            local spi = string.pack(">I4", heir.children[1].spi_in)
            t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = true,
                before_seal = message.replace(
                    notify("CHILD_SA_NOT_FOUND", "", {protocol = 3, spi = spi}))}
        end
        pcall(heir.rekey_child, heir)
        t:elapse(0.2)
    end,
}
