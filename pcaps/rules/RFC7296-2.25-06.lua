return reference {
    clause = "RFC7296-2.25-06",
    title = "CHILD_SA_NOT_FOUND does not end the IKE SA",
    wrong = "the IKE SA is deleted at once",
    play = function(t, violating)
        local cluster = t:peer()
        cluster:accept()
        local child = t.gateway:sa().children[1].spi_in
        cluster:tamper {exchange = "CREATE_CHILD_SA", response = true, limit = 1,
            before_seal = function(m)
                m.payloads = {notify("CHILD_SA_NOT_FOUND", "", {protocol = 3,
                    spi = string.pack(">I4", child)})}
                return m
            end, text = "CHILD_SA_NOT_FOUND"}
        local next_id
        if violating then
            t.gateway:tamper {exchange = "CREATE_CHILD_SA", response = false,
                skip = 1, drop = true, when = function(info)
                    next_id = info.message_id
                    return true
                end}
        end
        t.gateway:operate("rekey_child", nil, child)
        t:elapse(0.05)
        if violating then
            t.gateway:send {message_id = next_id, payloads = {delete_payload()}}
        end
        t:elapse(0.2)
    end,
}
