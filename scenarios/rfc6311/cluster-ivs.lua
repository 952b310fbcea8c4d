local gateway = require "lib.gateway_cluster"

return scenario {
    id = "rfc6311/cluster-ivs",
    title = "No member uses an IV that another one has used",
    purpose = [[With AES-GCM two packets under one key and one IV give away their contents and
the key of the authentication. Members that take over from each other, twice and back
again, without news of the counters, have to make sure of it by themselves. IKE runs on
AES-GCM as well.]],
    clauses = { "RFC6311-3.4-01", "RFC6311-3.4-51", "RFC6027-3.7.1-01" },
    gateway = "cluster",
    needs = { "message_id_sync", "synch", "traffic", "aes128gcm16" },
    run = function(t)
        local sa = t:peer { gateway = { members = 3 },
                            ike = "aes128gcm16-prfsha256-x25519" }:accept()
        t.gateway:synch("counter", "lose")
        for _ = 1, 5 do
            t.gateway:await_traffic(30)
            sa:request_liveness(1)
            gateway.fail_over(t, sa, "crash")
            gateway.life_goes_on(t, sa)
            t.gateway:recover()
        end
    end,
}
