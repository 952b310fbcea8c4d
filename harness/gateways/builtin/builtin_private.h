/* What the files of the built-in gateway share. */
#ifndef COUNTERFOIL_GATEWAYS_BUILTIN_PRIVATE_H
#define COUNTERFOIL_GATEWAYS_BUILTIN_PRIVATE_H

#include "gateways/builtin/builtin.h"
#include "gateways/builtin/defects.h"

enum { BUILTIN_DEFECTS_MAX = 8 };

/* ---- Datagrams as they come in (incoming.c) ---- */

/* What a defect may look at before the engine sees it. */
struct incoming {
    const struct datagram *datagram;
    uint64_t now;
    struct bytes octets;  /* without the non-ESP marker */
    struct node_esp *esp; /* an ESP packet of this Child SA */
    uint64_t number;      /* its full sequence number */
    bool ike;             /* an IKE message; `header` is read */
    struct ike_header header;
    struct ike_sa *sa; /* that it belongs to by its SPIs, or NULL */
    bool clear;        /* `message` came without protection */
    bool opened;       /* `message` is authentic and decodes */
    struct ike_message message;
    struct buffer plaintext; /* what `message` points into */
};

void incoming_read(struct builtin *gateway, const struct datagram *datagram,
                   uint64_t now, struct incoming *out);
void incoming_clear(struct incoming *in);
bool incoming_is_request(const struct incoming *in);

/* ---- Datagrams that go out by hand (outgoing.c) ---- */

/* Seals `message` under the SA and sends it back to where `in` came from. */
void send_back(struct builtin *gateway, const struct incoming *in,
               const struct ike_message *message);
/* Seals an INFORMATIONAL request without payloads and sends it. */
void send_empty_request(struct builtin *gateway, struct ike_sa *sa,
                        uint32_t message_id);
void send_datagram(struct builtin *gateway, const struct datagram *datagram);

/* A datagram to be sent later, perhaps several times. */
struct later {
    uint64_t due, interval; /* ns */
    unsigned times;
    /* Only while the request with this Message ID is outstanding; spi 0:
     * always. */
    uint64_t spi;
    uint32_t message_id;
};
/* Takes a copy of the datagram. */
void send_later(struct builtin *gateway, const struct datagram *datagram,
                const struct later *when);
uint64_t later_deadline(const struct builtin *gateway);
void later_expire(struct builtin *gateway, uint64_t now);
void later_free(struct builtin *gateway);

/* ---- Defects ---- */

/* One that is switched on, and what it remembers. */
struct active_defect {
    const struct defect *defect;
    bool flag;
    uint64_t spi;
    uint64_t count;
    uint32_t next_send, next_receive;
    uint32_t highest;
    struct datagram datagram; /* its payload is `octets` */
    struct buffer octets;
};

/* Any may be NULL. */
struct defect_ops {
    /* Before a message is sealed. `sa` may be NULL. */
    void (*compose)(struct builtin *gateway, struct active_defect *active,
                    struct ike_sa *sa, struct ike_message *message,
                    struct arena *arena);
    /* True: it is taken care of, and not sent. */
    bool (*outgoing)(struct builtin *gateway, struct active_defect *active,
                     const struct node_outgoing *outgoing);
    /* True: the engine does not see it. */
    bool (*incoming)(struct builtin *gateway, struct active_defect *active,
                     const struct incoming *in);
    /* `sa` may be NULL. */
    void (*event)(struct builtin *gateway, struct active_defect *active,
                  struct ike_sa *sa, const struct ike_event *event);
    /* After a datagram was received or time has passed. */
    void (*after)(struct builtin *gateway, struct active_defect *active,
                  uint64_t now);
    /* Before the host behind the gateway sends a packet. */
    void (*esp)(struct builtin *gateway, struct active_defect *active,
                struct node_esp *esp, struct esp_override *override);
};

extern const struct defect_ops defect_sync_accept, defect_sync_drop,
    defect_sync_response, defect_sync_counters, defect_sync_delta;
extern const struct defect_ops defect_capabilities, defect_parallel_child;
extern const struct defect_ops defect_header, defect_retransmission,
    defect_request, defect_window, defect_clear;
extern const struct defect_ops defect_esp_send, defect_esp_receive;

enum sync_accept_variant {
    ACCEPT_STALE,
    ACCEPT_STALE_LOWER, /* not answered, but adopted */
    ACCEPT_FORGOTTEN,
    ACCEPT_EXTRA_PAYLOAD,
    ACCEPT_SHORT,
    ACCEPT_LONG,
    ACCEPT_CLEAR,
    ACCEPT_FORGED,
    ACCEPT_UNNEGOTIATED,
    ACCEPT_EARLY,
    ACCEPT_MESSAGE_ID,
    ACCEPT_DELTA_SIZE,
};
enum sync_drop_variant { DROP_ALL, DROP_WHILE_WAITING, DROP_NOT_PENDING };
enum sync_response_variant {
    RESPONSE_NONCE,
    RESPONSE_P2_LOW,
    RESPONSE_P2_NOT_P1,
    RESPONSE_P2_NOT_OWN,
    RESPONSE_M2_LOW,
    RESPONSE_M2_NOT_M1,
    RESPONSE_SWAPPED,
    RESPONSE_LONG,
    RESPONSE_MESSAGE_ID,
    RESPONSE_VENDOR,
    RESPONSE_DELTA,
};
enum sync_counters_variant { COUNTERS_KEEP_SEND, COUNTERS_KEEP_RECEIVE };
enum sync_delta_variant {
    DELTA_IGNORED,
    DELTA_ONE_CHILD,
    DELTA_LOW,
    DELTA_STALE,
};
enum capability_variant {
    CAPABILITY_SYNC,
    CAPABILITY_COUNTERS,
    CAPABILITY_SYNC_DATA,
    CAPABILITY_COUNTERS_PROTOCOL,
};
enum header_variant {
    HEADER_INITIATOR,
    HEADER_RESPONSE,
    HEADER_VERSION,
    HEADER_MESSAGE_ID,
};
enum retransmission_variant {
    REPEAT_RESEALED,
    REPEAT_RENUMBERED,
    REPEAT_RESPONSE_RESEALED,
    REPEAT_NEVER,
    REPEAT_CONSTANTLY,
    REPEAT_RESPONSE_NEVER,
    REPEAT_RESPONSE_UNASKED,
};
enum request_variant {
    REQUEST_SKIPS,
    REQUEST_TOO_EARLY,
    REQUEST_BEYOND_WINDOW,
    REQUEST_CONTINUES,
};
enum window_variant {
    WINDOW_ANSWERS,
    WINDOW_REFUSES,
    WINDOW_BELOW_SYNC,
    WINDOW_RESPONSE_ANSWERED,
    WINDOW_BLOCKED,
};
enum clear_variant { CLEAR_DELETE, CLEAR_INVALID_SPI };
enum esp_send_variant {
    SEND_NUMBER_TWICE,
    SEND_IV_TWICE,
    SEND_FROM_0,
    SEND_CONSTANT,
    SEND_CYCLES,
};
enum esp_receive_variant {
    RECEIVE_REPLAYED,
    RECEIVE_OLD,
    RECEIVE_SMALL_WINDOW,
    RECEIVE_IN_ORDER,
    RECEIVE_FORGERY_MOVES,
};

/* ---- The gateway ---- */

struct action {
    const char *name;
    int status;
    struct error error;
    uint64_t spi; /* our own, of the IKE SA it is about */
    uint32_t spi_in;
    size_t children; /* how many it must have */
    uint64_t deadline;
};

struct timers {
    uint64_t dpd, rekey_ike, rekey_child; /* ns, 0: never */
    uint64_t dpd_due, rekey_ike_due, rekey_child_due;
};

struct builtin {
    struct sim *sim;
    struct sim_party *party;
    struct crypto *crypto;
    struct rng_seeded rng;
    struct arena texts; /* of options */
    struct ike_config config;
    struct address address, peer, inner, inner6;
    struct credential *credential, *authority;
    const char *certificate_path, *key_path, *authority_path, *auth;
    struct cluster *cluster;
    struct timers timers;
    uint64_t initiate_timeout;
    struct action action;
    struct active_defect defects[BUILTIN_DEFECTS_MAX];
    size_t defect_count;
    struct later_item *later;
    enum esp_verdict esp_verdict; /* of the last ESP packet */
    struct builtin_hooks hooks;   /* of a script; may be empty */
};

/* options.c */
void options_default(struct builtin *gateway);
/* Reads files that options name. */
bool options_finish(struct builtin *gateway, struct error *error);

/* actions.c */
void action_check(struct builtin *gateway, uint64_t now);
uint64_t action_deadline(const struct builtin *gateway);
/* There is an IKE SA. */
void timers_arm(struct builtin *gateway, uint64_t now);
/* Something authentic came in. */
void timers_heard(struct builtin *gateway, uint64_t now);
uint64_t timers_deadline(const struct builtin *gateway);
void timers_expire(struct builtin *gateway, uint64_t now);
struct ike_sa *newest_sa(struct builtin *gateway);

/* host.c: the host behind the gateway; `spi` is our inbound one. */
void host_receive(struct builtin *gateway, struct node *node, uint32_t spi,
                  struct bytes inner);

#endif
