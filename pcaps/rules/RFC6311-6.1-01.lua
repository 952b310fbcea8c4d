return reference {
    clause = "RFC6311-6.1-01",
    title = "16420 has no data",
    wrong = "16420 with 4 octets of data",
    play = function(t)
        t:peer():accept()
    end,
    violate = function(t)
        t.gateway:defect("16420-with-data")
    end,
}
