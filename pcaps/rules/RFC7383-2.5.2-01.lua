local message = require "lib.message"

return reference {
    clause = "RFC7383-2.5.2-01",
    title = "What is fragmented anew has more fragments than before",
    wrong = "three fragments are followed by two",
    record = true,
    play = function(t, violating)
        local cluster = t:peer()
        cluster:accept()
        cluster:tamper {response = true, drop = true, limit = 1,
                        text = "our answer is lost"}
        local next_send = t.gateway:sa().next_send
        message.send_parts(t.gateway, violating and message.parts(120, 120) or
                           message.parts(200), {message_id = next_send})
        t:elapse(1)
        message.send_parts(t.gateway, violating and message.parts(200) or
                           message.parts(120, 120), {message_id = next_send})
        t:elapse(0.2)
    end,
}
