return reference {
    clause = "RFC7296-1.3.2-02",
    title = "No CREATE_CHILD_SA on an IKE SA that is being rekeyed",
    wrong = "a CREATE_CHILD_SA request on the old IKE SA, after its rekey",
    play = function(t, violating)
        local sa = t:peer():accept()
        local last = t.gateway:tamper {exchange = "INFORMATIONAL",
                                       response = false, hold = true, limit = 1}
        t.gateway:operate("create_child", sa)
        t:elapse(0.2)
        t.gateway:operate("rekey", sa)
        t:elapse(0.2)
        if violating then
            t.gateway:send {sa = sa, exchange = "CREATE_CHILD_SA",
                message_id = last.held[1].message_id,
                payloads = {payload("SA", "\0\0\0\36\1\3\4\2" .. "\1\2\3\4" ..
                                    "\3\0\0\12\1\0\0\20\128\14\0\128" ..
                                    "\0\0\0\8\5\0\0\0"),
                            payload("NONCE", ("n"):rep(32)),
                            payload("TSi", "\1\0\0\0\7\0\0\16\0\0\255\255" ..
                                    "\203\0\113\0\203\0\113\255"),
                            payload("TSr", "\1\0\0\0\7\0\0\16\0\0\255\255" ..
                                    "\198\51\100\0\198\51\100\255")}}
            t:elapse(0.2)
        else
            last:release()
            t:elapse(0.2)
        end
    end,
}
