return reference {
    clause = "RFC6311-6.2-01",
    title = "16421 has the Protocol ID 0",
    wrong = "16421 with Protocol ID 1",
    play = function(t)
        t:peer():accept()
    end,
    violate = function(t)
        t.gateway:defect("16421-with-protocol")
    end,
}
