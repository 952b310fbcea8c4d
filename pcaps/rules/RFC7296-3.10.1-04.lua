return reference {
    clause = "RFC7296-3.10.1-04",
    title = "INVALID_SYNTAX is sent in protected messages",
    wrong = "it is sent in clear text",
    play = function(t, violating)
        local sa = t:peer():accept()
        sa:send {payloads = {{type = 42, body = "\3\4\0\9short"}}}
        if violating then
            t.gateway:send {message_id = 0, response = true, clear = true,
                            payloads = {notify("INVALID_SYNTAX")}}
        end
        t:elapse(0.1)
    end,
    violate = function(t)
        t.gateway:tamper {exchange = "INFORMATIONAL", response = true, drop = true}
    end,
}
