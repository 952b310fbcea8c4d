return reference {
    clause = "RFC4303-2.2.1-01",
    title = "Extended numbers are in the ICV only where they were negotiated",
    wrong = "the ICV is one over an extended number",
    play = function(t)
        local sa = t:peer():accept()
        sa:ping()
        t:elapse(0.1)
    end,
    violate = function(t)
        t.gateway:defect("esn-not-as-negotiated")
    end,
}
