-- strongSwan 5.9 from Debian 12, in userland: nothing of it needs root or a
-- kernel with IPsec.
return {
    title = "strongSwan (charon-systemd, kernel-libipsec)",
    about = "ESP is in UDP only, in tunnel mode only, and has no extended " ..
        "sequence numbers; the replay window is 128 packets.",

    -- What scenarios may need. A role behind a name: only when the gateway has
    -- it in the first IKE SA.
    supports = {
        "peer", "initiator", "responder",
        "psk", "rsa", "ecdsa",
        "fragmentation", "mobike", "redirect",
        "rekey", "terminate", "dpd", "keys", "crash",
        "udp_encapsulation", "ipv6_outer", "ipv6_inner",
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

    -- Each was seen on the wire, read in tshark, and compared with the text of
    -- the RFC; the scenario shows it again, frame by frame.
    known_deviations = {
        {
            clause = "RFC6311-5-04",
            scenario = "rfc6311/failover-aead",
            reason = "With AES-GCM or ChaCha20-Poly1305 for IKE the IV is the " ..
                "Message ID and one spare bit. On the first IKE SA, once a " ..
                "request of the cluster was answered, no IV is left for " ..
                "another 0: the answer is not sealed (log: encrypting " ..
                "encrypted payload failed, no IV or padding), and the IKE SA " ..
                "is destroyed without a Delete. The first synchronization of " ..
                "a rekeyed IKE SA may still be answered",
            link = "RFC 6311 5: the peer MUST respond",
        },
        {
            clause = "RFC7296-1.4-04",
            scenario = "rfc6311/failover-aead",
            reason = "The IKE SA is destroyed without a Delete when the " ..
                "answer cannot be sealed, so nothing on it is answered any " ..
                "more",
            link = "RFC 7296 1.4",
        },
        {
            clause = "RFC6311-5-04",
            scenario = "rfc6311/sync-during-ike-rekey",
            reason = "While its own IKE rekey is under way the SA is not in " ..
                "the established state, and a synchronization is dropped as " ..
                "a request outside the window (log: received message ID 0, " ..
                "expected 1, ignored); the rekey is retransmitted",
            link = "RFC 6311 5: the peer MUST respond; 9: it does not wait " ..
                "for pending responses",
        },
        {
            clause = "RFC6311-9-02",
            scenario = "rfc6311/our-failover-in-their-rekey",
            reason = "An M1 above the expected ID resets the task manager " ..
                "first, and the pending request is no longer counted: P2 is " ..
                "the ID that is on the wire already, announced for the next " ..
                "request",
            link = "RFC 6311 5.1: P2 MUST be the higher of P1 and one more " ..
                "than the highest sender value used by the peer; 9",
        },
        {
            clause = "RFC6311-5.1-07",
            scenario = "rfc6311/our-failover-in-their-rekey",
            reason = "An M1 above the expected ID resets the task manager " ..
                "first, and the pending request is no longer counted: P2 is " ..
                "the ID that is on the wire already, announced for the next " ..
                "request",
            link = "RFC 6311 5.1: P2 MUST be the higher of P1 and one more " ..
                "than the highest sender value used by the peer; 9",
        },
        {
            clause = "RFC6311-9-02",
            scenario = "rfc6311/our-lazy-member",
            reason = "An M1 above the expected ID resets the task manager " ..
                "first, and the pending request is no longer counted: P2 is " ..
                "the ID that is on the wire already, announced for the next " ..
                "request",
            link = "RFC 6311 5.1: P2 MUST be the higher of P1 and one more " ..
                "than the highest sender value used by the peer; 9",
        },
        {
            clause = "RFC6311-5.1-07",
            scenario = "rfc6311/our-lazy-member",
            reason = "An M1 above the expected ID resets the task manager " ..
                "first, and the pending request is no longer counted: P2 is " ..
                "the ID that is on the wire already, announced for the next " ..
                "request",
            link = "RFC 6311 5.1: P2 MUST be the higher of P1 and one more " ..
                "than the highest sender value used by the peer; 9",
        },
        {
            clause = "RFC6311-9-02",
            scenario = "rfc6027/our-loose-other-address",
            reason = "An M1 above the expected ID resets the task manager " ..
                "first, and the pending request is no longer counted: P2 is " ..
                "the ID that is on the wire already, announced for the next " ..
                "request",
            link = "RFC 6311 5.1: P2 MUST be the higher of P1 and one more " ..
                "than the highest sender value used by the peer; 9",
        },
        {
            clause = "RFC6311-5.1-07",
            scenario = "rfc6027/our-loose-other-address",
            reason = "An M1 above the expected ID resets the task manager " ..
                "first, and the pending request is no longer counted: P2 is " ..
                "the ID that is on the wire already, announced for the next " ..
                "request",
            link = "RFC 6311 5.1: P2 MUST be the higher of P1 and one more " ..
                "than the highest sender value used by the peer; 9",
        },
        {
            clause = "RFC7296-2.1-09",
            scenario = "rfc6027/our-loose-other-address",
            reason = "The change of the cluster's address makes it rekey the " ..
                "Child SA; the P2 of the next synchronization is that " ..
                "request's ID (see above), and another request goes out " ..
                "under it",
            link = "RFC 7296 2.1",
        },
        {
            clause = "RFC6311-9-02",
            scenario = "rfc6311/sync-while-request-outstanding",
            reason = "An M1 above the expected ID resets the task manager " ..
                "first, and the pending request is no longer counted: P2 is " ..
                "the ID that is on the wire already, announced for the next " ..
                "request",
            link = "RFC 6311 5.1: P2 MUST be the higher of P1 and one more " ..
                "than the highest sender value used by the peer; 9",
        },
        {
            clause = "RFC6311-5.1-07",
            scenario = "rfc6311/sync-while-request-outstanding",
            reason = "An M1 above the expected ID resets the task manager " ..
                "first, and the pending request is no longer counted: P2 is " ..
                "the ID that is on the wire already, announced for the next " ..
                "request",
            link = "RFC 6311 5.1: P2 MUST be the higher of P1 and one more " ..
                "than the highest sender value used by the peer; 9",
        },
        {
            clause = "RFC6311-5.1-05",
            scenario = "rfc6311/sync-same-m1-other-nonce",
            reason = "Only an M1 below the expected request ID is dropped: " ..
                "the M1 of the former synchronization is taken again, with " ..
                "any nonce, until the next real request",
            link = "RFC 6311 5.1: lower than or equal to the highest value " ..
                "seen, previous synchronization messages included",
        },
        {
            clause = "RFC6311-5.1-05",
            scenario = "rfc6311/sync-replayed-at-once",
            reason = "A repeated synchronization is answered anew, with the " ..
                "same values in other octets, instead of with the former " ..
                "octets or with silence (a warning)",
            link = "RFC 6311 5.1; RFC 7296 2.1",
        },
        {
            clause = "RFC6311-5.1-05",
            scenario = "rfc6311/sync-replayed-while-outstanding",
            reason = "A replay while a request is pending moves P2 and ends " ..
                "the pending exchange: one recorded packet disturbs the IKE SA",
            link = "RFC 6311 5.1 and 11",
        },
        {
            clause = "RFC6311-6.3-01",
            scenario = "rfc6311/sync-long",
            reason = "Octets behind the 12 of the notification are ignored, " ..
                "and the message is acted upon",
            link = "RFC 6311 6.3 has 12 octets; that a longer one must be " ..
                "dropped is a reading, and not in the text",
        },
        {
            clause = "RFC6311-6.3-03",
            scenario = "rfc6311/sync-m1-max",
            reason = "M1 = 4294967295 is answered with M2 = 4294967295, but " ..
                "the request with that ID never gets to the IKE SA: the " ..
                "number is the mark of one that is not busy (log: ignoring " ..
                "request with ID 4294967295, already processing)",
            link = "RFC 6311 6.3: the Message ID it is expecting in the next " ..
                "request; RFC 7296 1.4",
        },
        {
            clause = "RFC7296-2.2-03",
            scenario = "rfc6311/counter-sync-unnegotiated",
            reason = "16423 alone with Message ID 0 passes the window check " ..
                "although it was not negotiated, and is answered under the " ..
                "Message ID that is expected next",
            link = "RFC 7296 2.2: responses always contain the Message ID of " ..
                "the request; 2.3: one outside the window MUST NOT be " ..
                "acknowledged",
        },
        {
            clause = "RFC6311-7-01",
            scenario = "rfc6311/counter-sync-unnegotiated",
            reason = "The same message: what is outside the window is " ..
                "acknowledged, if under another Message ID",
            link = "RFC 6311 7: the rules on Message IDs stay as they are; " ..
                "RFC 7296 2.3",
        },
        {
            clause = "RFC7296-1.4-04",
            scenario = "rfc6311/counter-sync-unnegotiated",
            reason = "The message above has used up the expected Message ID, " ..
                "so the next real request is never answered",
            link = "RFC 7296 1.4",
        },
        {
            clause = "RFC7296-1.4-04",
            scenario = "rfc7296/fragments-informational",
            reason = "An INFORMATIONAL request in fragments is taken for an " ..
                "unencrypted connectivity check and dropped (log: received " ..
                "unencrypted informational). Only where the mediation " ..
                "extension is built in, as in Debian",
            link = "RFC 7296 1.4; RFC 7383 2.6",
        },
        {
            clause = "RFC7383-2.6-01",
            scenario = "rfc7383/invalid-fragments",
            reason = "A fragment with the number 0 is answered with " ..
                "INVALID_SYNTAX, and the IKE SA is destroyed, before the " ..
                "ICV is looked at (log: ENCRYPTED_FRAGMENT payload " ..
                "verification failed)",
            link = "RFC 7383 2.6: MUST be silently discarded",
        },
        {
            clause = "RFC7383-2.6-01",
            scenario = "rfc7383/forged-invalid-fragment",
            reason = "The same, whatever its ICV: whoever knows the SPIs " ..
                "can end the IKE SA with one datagram",
            link = "RFC 7383 2.6: MUST be silently discarded",
        },
        {
            clause = "RFC7296-3.10.1-04",
            scenario = "rfc7383/forged-invalid-fragment",
            reason = "The same datagram, answered with INVALID_SYNTAX",
            link = "RFC 7296 3.10.1: only for a packet with a valid checksum",
        },
    },
}
