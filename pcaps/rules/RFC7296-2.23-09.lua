local message = require "lib.message"

return reference {
    clause = "RFC7296-2.23-09",
    title = "Who is behind a NAT does not follow a new address",
    wrong = "its requests go to the new port",
    play = function(t, violating)
        local cluster = t:peer {}
        cluster:tamper {exchange = "IKE_SA_INIT", response = true,
            before_seal = message.change("NAT_DETECTION_DESTINATION_IP",
                                         function(p)
                                             p.data = ("x"):rep(20)
                                         end)}
        local sa = cluster:accept()
        sa:send {source_port = 4511, text = "a request from another port"}
        t:elapse(3)
        t.gateway:send {message_id = t.gateway:sa().next_send,
                        destination_port = violating and 4511 or 4500}
        t:elapse(0.1)
    end,
}
