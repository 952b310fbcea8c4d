local message = require "lib.message"

return reference {
    clause = "RFC7296-2.8.2-03",
    title = "A rekey of an IKE SA that was rekeyed meets TEMPORARY_FAILURE",
    wrong = "it is granted",
    play = function(t)
        local cluster = t:peer()
        local sa = cluster:accept()
        cluster:tamper {exchange = "INFORMATIONAL", response = true, delay = 1,
                        text = "our answers are late"}
        sa:send {exchange = "CREATE_CHILD_SA", payloads = message.ike("aaaaaaaa"),
                 delay = 0.2, text = "a rekey of an IKE SA that was rekeyed"}
        t.gateway:operate("rekey", sa)
        t:elapse(0.4)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = true,
            before_seal = message.replace(table.unpack(message.ike("bbbbbbbb")))}
    end,
}
