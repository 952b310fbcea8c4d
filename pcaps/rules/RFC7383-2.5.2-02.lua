local message = require "lib.message"

return reference {
    clause = "RFC7383-2.5.2-02",
    title = "Another size of fragments makes another number of them",
    wrong = "two fragments of another size follow two",
    record = true,
    play = function(t, violating)
        local cluster = t:peer()
        cluster:accept()
        cluster:tamper {response = true, drop = true, limit = 1,
                        text = "our answer is lost"}
        local next_send = t.gateway:sa().next_send
        message.send_parts(t.gateway, message.parts(200),
                           {message_id = next_send})
        t:elapse(1)
        message.send_parts(t.gateway, violating and message.parts(120) or
                           message.parts(120, 120), {message_id = next_send})
        t:elapse(0.2)
    end,
}
