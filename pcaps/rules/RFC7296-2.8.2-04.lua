local message = require "lib.message"

return reference {
    clause = "RFC7296-2.8.2-04",
    title = "After the other side's Delete the own rekey is forgotten",
    wrong = "the rekey request comes again, two seconds later",
    verdict = "warning",
    play = function(t, violating)
        local cluster = t:peer()
        local sa = cluster:accept()
        local request
        local again = t.gateway:tamper {exchange = "CREATE_CHILD_SA",
            response = false, drop = true, when = function(info)
                request = request or info.octets and info
                return false
            end}
        message.cross(t, cluster, sa,
            function() t.gateway:operate("rekey", sa) end,
            {payloads = {delete_payload()}})
        t:elapse(2)
        if violating then
            request.gateway = true
            again.held = {request}
            again:release()
        end
        t:elapse(0.2)
    end,
}
