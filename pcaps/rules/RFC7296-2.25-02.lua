return reference {
    clause = "RFC7296-2.25-02",
    title = "After TEMPORARY_FAILURE nothing is retried at once",
    wrong = "the rekey is tried again and again within milliseconds",
    play = function(t, violating)
        local cluster = t:peer()
        cluster:accept()
        cluster:tamper {exchange = "CREATE_CHILD_SA", response = true,
            before_seal = function(m)
                m.payloads = {notify("TEMPORARY_FAILURE")}
                return m
            end, text = "TEMPORARY_FAILURE"}
        local child = t.gateway:sa().children[1].spi_in
        for _ = 1, violating and 3 or 2 do
            t.gateway:operate("rekey_child", nil, child)
            t:elapse(violating and 0.01 or 5)
        end
    end,
}
