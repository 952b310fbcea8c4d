-- strongSwan 5.9 from Debian 12, in userland: nothing of it needs root or a
-- kernel with IPsec.
return {
    title = "strongSwan (charon-systemd, kernel-libipsec)",
    about = "ESP is in UDP only and has no extended sequence numbers; the " ..
        "replay window is 128 packets.",

    -- What scenarios may need. A role behind a name: only when the gateway has
    -- it in the first IKE SA.
    supports = {
        "peer", "initiator", "responder",
        "psk", "rsa", "ecdsa",
        "fragmentation", "mobike", "redirect",
        "rekey", "terminate", "dpd", "keys", "crash",
        "udp_encapsulation",
        "aes128", "aes256", "aes128gcm16", "aes256gcm16",
        "chacha20poly1305", "sha256", "sha384", "sha512",
        "x25519", "ecp256", "ecp384", "modp2048",
        -- ike_mid_sync.c: N(16420) is sent and read by the original initiator
        -- alone. There is no counter synchronization (16421).
        message_id_sync = "initiator",
    },

    -- Retransmissions come soon enough to be seen, and give up late enough to
    -- outlive a scenario that does not answer.
    options = {
        retransmit_timeout = "1.0",
        retransmit_base = "1.5",
        retransmit_tries = "6",
    },

    known_deviations = {
    },
}
