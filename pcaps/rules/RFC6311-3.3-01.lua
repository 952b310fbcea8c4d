local message = require "lib.message"

return reference {
    clause = "RFC6311-3.3-01",
    title = "Members give no SPI to two SAs that live at one time",
    wrong = "a new Child SA has the SPI of another one",
    gateway = "cluster",
    record = true,
    also = {"RFC4301-4.4.2.1-01"},
    play = function(t, violating)
        t:peer {gateway = {members = 2}}:accept()
        local old = string.pack(">I4", t.gateway:sa().children[1].spi_in)
        if violating then
            t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = false,
                before_seal = message.change(33, function(p)
                    p.body = message.patch(p.body, 9, old)
                end)}
        end
        t.gateway:operate("create_child")
        t:elapse(0.2)
    end,
}
