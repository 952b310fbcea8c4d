-- The built-in gateway: no executables, it runs inside the harness in virtual
-- time (builtin.h). It conforms; its defects are switched with --defect.
return {
    title = "built-in reference gateway (virtual time)",
    about = "Made of the harness's own engine: deterministic, and broken on " ..
        "purpose where `--defect` says so.",
    supports = {
        "peer", "initiator", "responder",
        "cluster", "load_sharing", "loose", "synch", "traffic", "eager_sync",
        "esp_jump",
        "psk", "rsa", "ecdsa",
        "message_id_sync", "replay_counter_sync", "fragmentation",
        "window", "esn", "cookie",
        "rekey", "terminate", "dpd", "liveness",
        "udp_encapsulation", "raw_esp", "ipv6_outer", "ipv6_inner",
        "transport_mode", "transport_mode_only", "replay_window",
        "aes128", "aes256", "aes128gcm16", "aes256gcm16",
        "chacha20poly1305", "sha256", "sha384", "sha512",
        "x25519", "ecp256", "ecp384", "modp2048",
    },
}
