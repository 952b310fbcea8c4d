/*
 * One endpoint of IKE SAs: exchanges, windows, authentication, rekeying and
 * the counter synchronization of RFC 6311, as a state machine.
 *
 * It does no I/O. Octets and the time come in through ike_receive and
 * ike_expire; octets go out through ops->transmit; deadlines are asked for
 * with ike_deadline. Randomness and cryptography are passed in. A cluster
 * member is one `struct ike_host`.
 */
#ifndef COUNTERFOIL_IKE_IKE_H
#define COUNTERFOIL_IKE_IKE_H

#include "crypto/crypto.h"
#include "wire/ike.h"
#include "wire/link.h"

struct ike_host;
struct ike_sa;
struct child_sa;

enum { IKE_SUITES_MAX = 8 };

/* What this endpoint is and offers. Borrowed strings and octets must outlive
 * the host. */
struct ike_config {
    struct suite ike[IKE_SUITES_MAX]; /* in order of preference */
    size_t ike_count;
    struct suite child[IKE_SUITES_MAX];
    size_t child_count;
    uint8_t auth_method; /* AUTH_PSK, AUTH_RSA, AUTH_ECDSA_*, AUTH_SIGNATURE */
    uint16_t auth_hash;  /* for AUTH_SIGNATURE: enum hash_id */
    struct bytes psk;
    const struct credential *credential; /* ours, for signatures */
    const struct credential *authority;  /* whose signature we trust */
    struct ike_id_payload local_id;
    struct ike_id_payload remote_id; /* empty data: anyone */
    struct ike_ts_payload local_ts, remote_ts;
    /* Asks for transport mode, and grants it (1.3.1). With `transport_only`
     * a Child SA that the responder made a tunnel is deleted. */
    bool transport_mode, transport_only;
    uint32_t replay_window;   /* packets; for whoever does the ESP, IKE does
                                 not tell it to anybody; 0: no anti-replay */
    bool message_id_sync;     /* assert 16420 (as responder: if asserted) */
    bool replay_counter_sync; /* assert 16421 (likewise) */
    bool fragmentation;       /* RFC 7383 */
    size_t fragment_size;     /* largest IKE message in octets, 0: 1280 */
    bool force_encapsulation; /* make NAT detection fail: UDP always */
    bool cookie;              /* responder: demand a COOKIE (2.6) */
    bool childless;           /* initiate without SA, TSi, TSr (RFC 6023) */
    bool initial_contact;
    uint32_t window;           /* ours; above 1 it is announced */
    uint64_t retransmit_first; /* ns until the first retransmission */
    unsigned retransmit_tries; /* then the SA is dead (CLOSED, "timed out") */
};
/* Conforming defaults: one proposal of AES-GCM-16-128, PRF-HMAC-SHA2-256,
 * CURVE25519; PSK; fragmentation; both syncs; window 1; replay window 128;
 * 0.5 s, 7 tries. */
void ike_config_default(struct ike_config *config);

/* One message as it goes out, in one datagram or several fragments. */
struct ike_transmission {
    struct endpoint source, destination;
    const struct ike_header *header;
    const struct bytes *datagrams; /* without non-ESP marker */
    size_t count;
    unsigned repeat; /* 0 the first time, then the retransmission's number */
};

enum ike_event_kind {
    IKE_EVENT_KEYS,        /* an IKE SA has its keys: sa->keys, sa->suite */
    IKE_EVENT_ESTABLISHED, /* IKE_AUTH done, or an SA made by rekeying */
    IKE_EVENT_CHILD_UP,    /* `child` is installed, with keys */
    IKE_EVENT_CHILD_DOWN,  /* `child` is about to be released */
    IKE_EVENT_REKEYED,     /* this SA was replaced by `other` */
    IKE_EVENT_REQUEST,     /* a new, authentic, in-window request; `message` */
    IKE_EVENT_RESPONSE,    /* the response to an outstanding request */
    IKE_EVENT_DUPLICATE, /* a retransmitted request; its response was resent */
    IKE_EVENT_SYNC,      /* a synchronization took effect; counters moved */
    IKE_EVENT_COUNTERS,  /* next_send or next_receive changed */
    IKE_EVENT_TIMED_OUT, /* the last retransmission was not answered */
    IKE_EVENT_CLOSED,    /* the SA is about to be released; `reason` */
    IKE_EVENT_DROPPED,   /* something was not processed; `reason` */
};

struct ike_event {
    enum ike_event_kind kind;
    const struct ike_message *message; /* payloads opened; may be NULL */
    struct child_sa *child;
    struct ike_sa *other;
    uint64_t delta;     /* IKE_EVENT_SYNC: of a received 16423, else 0 */
    const char *reason; /* one line; may be NULL */
};

/* All are called from within the functions below; `sa` is NULL for what happens
 * outside every SA (IKE_EVENT_DROPPED; a COOKIE or an error sent by a responder
 * that keeps no state). Callbacks must not release SAs. */
struct ike_host_ops {
    void (*transmit)(void *context, struct ike_sa *sa,
                     const struct ike_transmission *transmission);
    /* Before a message is sealed (or sent in clear): whatever the callback
     * changes in `message`, header included, is what goes out. New bodies come
     * from `arena`. May be NULL. */
    void (*compose)(void *context, struct ike_sa *sa,
                    struct ike_message *message, struct arena *arena);
    /* May be NULL. */
    void (*event)(void *context, struct ike_sa *sa,
                  const struct ike_event *event);
    /* The SPI of a new inbound Child SA; NULL: random. */
    uint32_t (*choose_spi)(void *context);
};

struct ike_host *ike_host_new(const struct ike_config *config,
                              struct crypto *crypto, struct rng *rng,
                              const struct ike_host_ops *ops, void *context);
void ike_host_free(struct ike_host *host);
/* The config may be changed between exchanges. */
struct ike_config *ike_host_config(struct ike_host *host);
/* IVs of AEADs count from `first` on, over all SAs of the host; never set, they
 * are random. Hosts that share an SA's keys need numbers of their own (RFC
 * 6311 3.4). IVs of CBC are always random. */
void ike_host_set_iv(struct ike_host *host, uint64_t first);
/* SAs in order of creation; NULL at the end. */
struct ike_sa *ike_host_first(struct ike_host *host);
struct ike_sa *ike_sa_next(struct ike_sa *sa);
/* By our own SPI; NULL if there is none. */
struct ike_sa *ike_host_find(struct ike_host *host, uint64_t local_spi);
/* By our inbound SPI; `sa` (may be NULL) receives the IKE SA it belongs to. */
struct child_sa *ike_host_find_child(struct ike_host *host, uint32_t spi_in,
                                     struct ike_sa **sa);

/* Whole IKE message without non-ESP marker. */
void ike_receive(struct ike_host *host, const struct endpoint *from,
                 const struct endpoint *to, struct bytes octets, uint64_t now);
/* When ike_expire wants to be called next; TIME_NEVER if never. */
uint64_t ike_deadline(const struct ike_host *host);
/* Retransmits and times out whatever is due at `now`. */
void ike_expire(struct ike_host *host, uint64_t now);

/* ---- A Child SA pair (RFC 7296 2.17) ---- */

/* Selectors by value (their `raw` is empty), allocated to size. */
struct child_ts {
    size_t count;
    struct ike_ts selectors[];
};

struct child_sa {
    uint32_t spi_in;  /* chosen by us */
    uint32_t spi_out; /* chosen by the peer */
    struct suite suite;
    struct key encr_in, integ_in, encr_out, integ_out;
    bool transport_mode;
    bool initiator; /* we initiated the exchange that made it */
    struct child_ts *local_ts, *remote_ts; /* owned; never NULL */
    void *user;                            /* the embedder's (its ESP state) */
    struct child_sa *next;
};

/* ---- An IKE SA ---- */

enum ike_state {
    IKE_STATE_INIT, /* IKE_SA_INIT under way */
    IKE_STATE_AUTH, /* keys exist, IKE_AUTH under way */
    IKE_STATE_ESTABLISHED,
    IKE_STATE_REKEYED, /* replaced; waits for its DELETE */
    IKE_STATE_DELETING,
    IKE_STATE_CLOSED,
};

/* The first part reads as RFC 7296 and RFC 6311 name it; scripts and the
 * cluster read it, only ike/ writes it, except where a comment says else. */
struct ike_sa {
    struct ike_host *host;
    enum ike_state state;
    uint64_t spi_i, spi_r;
    bool initiator; /* we are the original initiator of this SA */
    struct suite suite;
    struct ike_keys keys;
    struct endpoint local, remote;
    bool encapsulate;      /* ESP goes in UDP (a NAT was detected or forced) */
    uint32_t next_send;    /* Message ID of our next request */
    uint32_t next_receive; /* lowest request ID not yet received */
    uint32_t window;       /* ours: how many requests we accept at once */
    uint32_t peer_window;  /* the peer's, from SET_WINDOW_SIZE; else 1 */
    bool message_id_sync;  /* both asserted 16420 */
    bool replay_counter_sync; /* both asserted 16421 */
    bool fragmentation;       /* both announced RFC 7383 */
    bool sync_seen;           /* a sync request was ever accepted (peer role) */
    uint32_t highest_m1;      /* the highest M1 of them */
    struct child_sa *children;
    void *user; /* the embedder's; copied over a rekey, so that
                   two SAs share it until the old one closes */
    struct ike_sa_private *private; /* exchanges in progress, caches */
};

/* Starts IKE_SA_INIT from `local` to `remote` (port 500 or 4500). */
struct ike_sa *ike_connect(struct ike_host *host, const struct endpoint *local,
                           const struct endpoint *remote, uint64_t now);

/* Requests. Each waits in a queue while the peer's window is full and returns
 * false, with an error, when the state does not allow it. */
bool ike_liveness(struct ike_sa *sa, uint64_t now, struct error *error);
bool ike_create_child(struct ike_sa *sa, uint64_t now, struct error *error);
bool ike_rekey_child(struct ike_sa *sa, struct child_sa *child, uint64_t now,
                     struct error *error);
bool ike_rekey(struct ike_sa *sa, uint64_t now, struct error *error);
bool ike_delete_child(struct ike_sa *sa, struct child_sa *child, uint64_t now,
                      struct error *error);
bool ike_delete(struct ike_sa *sa, uint64_t now, struct error *error);
/* Any other request: the payloads of `message`; its header's exchange is
 * used, the Message ID is the next one. */
bool ike_request(struct ike_sa *sa, const struct ike_message *message,
                 uint64_t now, struct error *error);

/* The synchronization exchange of RFC 6311 5.1 as the newly active member:
 * Message ID 0, N(16422) with M1 = sync->expected_send and P1 =
 * sync->expected_recv, and N(16423) when delta_size is 4 or 8. A response with
 * another nonce is dropped; the first valid one moves next_send to
 * max(M1, M2) and next_receive to P2, abandons older requests and gives
 * IKE_EVENT_SYNC. Until then other requests wait in the queue, and what the
 * peer requests below P1 is dropped. A call while one is pending replaces it:
 * the way to try again with a higher M1 and a new nonce. */
bool ike_synchronize(struct ike_sa *sa, const struct ike_message_id_sync *sync,
                     uint64_t delta, size_t delta_size, uint64_t now,
                     struct error *error);

/* Seals `message` under this SA's keys exactly as given, header included
 * (SPIs, flags and Message ID too), outside every window and state: the octets
 * are appended to `out` and not sent. A message whose payloads cannot be
 * sealed (no keys yet) is encoded in clear. */
bool ike_seal(struct ike_sa *sa, const struct ike_message *message,
              struct buffer *out, struct error *error);
/* A header for ike_seal as the state machine would make it. */
void ike_header_for(const struct ike_sa *sa, uint8_t exchange, bool response,
                    uint32_t message_id, struct ike_header *out);

/* Sets counters by force (a cluster's estimate, a script's mistake). */
void ike_set_counters(struct ike_sa *sa, uint32_t next_send,
                      uint32_t next_receive);
/* Goes on from another address of ours, port and all else unchanged: of a
 * cluster's member that has taken the SA over (RFC 6027 3.8). Nobody is told.
 */
void ike_move(struct ike_sa *sa, const struct address *local);
/* Forgets requests, outstanding and queued ones and a pending synchronization,
 * without a word, as a member that never knew them. */
void ike_abandon_requests(struct ike_sa *sa);
/* Message IDs of outstanding requests, oldest first; returns how many of them
 * were written. */
size_t ike_outstanding(const struct ike_sa *sa, uint32_t *ids, size_t max);
/* Releases without a message; events CHILD_DOWN and CLOSED. So does
 * ike_host_free for all that is left. */
void ike_forget(struct ike_sa *sa);

/* ---- State that members of a cluster share (RFC 6311 5, RFC 6027) ---- */

/* Appends the whole state of an established SA, its Child SAs and the
 * capabilities included; deterministic, versioned, self-delimiting. */
void ike_export(const struct ike_sa *sa, struct buffer *out);
/* Creates (or replaces, by SPIs) the SA described by `octets` in `host`. NULL
 * with an error when they do not decode. An SA or Child SA that is there
 * already keeps its address and its `user`; one that is no more gets
 * CHILD_DOWN. There are no other events: the caller walks sa->children. */
struct ike_sa *ike_import(struct ike_host *host, struct bytes octets,
                          struct error *error);

#endif
