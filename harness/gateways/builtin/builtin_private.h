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

/* Seals `message` under the SA and sends it to the peer. */
void send_message(struct builtin *gateway, struct ike_sa *sa,
                  const struct ike_message *message);

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

/* defects_sync.c: what several files need. */
bool is_sync_request(const struct ike_message *message);
void add_notify(struct ike_message *message, struct arena *arena, uint16_t type,
                struct bytes data);

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
    /* Of a cluster: what its members do, before the start or when the defect
     * is switched on. */
    void (*policy)(const struct active_defect *active,
                   struct cluster_policy *policy);
    /* `to` takes over; nothing has followed from it yet. */
    void (*takeover)(struct builtin *gateway, struct active_defect *active,
                     struct node *to, uint64_t now);
};

extern const struct defect_ops defect_sync_accept, defect_sync_drop,
    defect_sync_response, defect_sync_counters, defect_sync_delta;
extern const struct defect_ops defect_capabilities, defect_parallel_child;
extern const struct defect_ops defect_header, defect_retransmission,
    defect_request, defect_window, defect_clear;
extern const struct defect_ops defect_esp_send, defect_esp_receive,
    defect_esp_repair, defect_esp_mode;
/* Of a cluster: */
extern const struct defect_ops defect_member_sync, defect_member_extra,
    defect_member_answer, defect_member_follow, defect_member_window;
extern const struct defect_ops defect_member_policy, defect_member_state,
    defect_member_send, defect_member_receive, defect_member_both,
    defect_member_spi;

enum member_sync_variant {
    MEMBER_MESSAGE_ID,
    MEMBER_M1_USED,
    MEMBER_M1_REPEATED,
    MEMBER_M1_WITHOUT_WINDOW,
    MEMBER_P1_LOW,
    MEMBER_VENDOR,
    MEMBER_LONG,
    MEMBER_DELTA_SIZE,
    MEMBER_DELTA_UNNEGOTIATED,
    MEMBER_DELTA_ALONE, /* with Message ID 0 */
    MEMBER_SILENT,      /* no synchronization at all */
    MEMBER_NO_REKEY,    /* no CREATE_CHILD_SA */
};
enum member_extra_variant {
    EXTRA_UNNEGOTIATED,
    EXTRA_EARLY,
    EXTRA_DELTA_APART,
};
enum member_answer_variant {
    ANSWER_OTHER_NONCE,
    ANSWER_NONCE_CLOSES,
    ANSWER_SECOND,
};
enum member_follow_variant {
    FOLLOW_KEEPS_SEND,
    FOLLOW_KEEPS_RECEIVE,
    FOLLOW_NOT_HIGHER,
    FOLLOW_AGAIN, /* another synchronization for an old request */
};
enum member_policy_variant {
    POLICY_NO_JUMP,
    POLICY_SMALL_JUMP,
    POLICY_BY_HAND,
    POLICY_LENIENT,
};
enum member_state_variant {
    STATE_FORGOTTEN,
    STATE_FORGOTTEN_TWICE, /* at the second failover */
    STATE_NO_CHILD,        /* nothing is accepted any more */
    STATE_SELECTORS,
    STATE_GUESS_HIGH,
};
enum member_send_variant { SEND_IV_RESTARTS, SEND_TWO_MEMBERS };
enum member_receive_variant { RECEIVE_LEARNS, RECEIVE_FOR_EVER };
enum member_both_variant { BOTH_REQUEST, BOTH_ADDRESSES };

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
    SEND_HIGH_STAYS,
    SEND_HIGH_REVERSED,
    SEND_OTHER_ESN,
    SEND_OTHER_SALT,
    SEND_DELTA_CYCLES,
};
enum esp_receive_variant {
    RECEIVE_REPLAYED,
    RECEIVE_OLD,
    RECEIVE_SMALL_WINDOW,
    RECEIVE_WITHOUT_WINDOW,
    RECEIVE_IN_ORDER,
    RECEIVE_FORGERY_MOVES,
    RECEIVE_FORGERY_USES,
    RECEIVE_FORGERIES_MOVE,
    RECEIVE_ONE_SHORT,
    RECEIVE_REPLAY_MOVES,
    RECEIVE_JUMP_FILLS,
    RECEIVE_JUMP_DROPPED,
    RECEIVE_HIGH_STAYS,
    RECEIVE_EDGE_STAYS,
    RECEIVE_NO_RESYNC,
    RECEIVE_CONTINUES,
};
enum esp_repair_variant {
    REPAIR_ICV,
    REPAIR_SHORT_ICV,
    REPAIR_NUMBER,
    REPAIR_DUMMY,
    REPAIR_SPI,
};
enum esp_mode_variant {
    MODE_SENDS_TUNNEL,
    MODE_GRANTS_SILENTLY,
    MODE_KEEPS_TUNNEL,
    MODE_RESERVED_SPI,
};

/* ---- The gateway ---- */

/* Words of an action's argument or an option's value. */
enum { WORDS_MAX = 16 };
struct words {
    char text[256];
    char *items[WORDS_MAX]; /* into `text` */
    size_t count;
};

/* Whom an action is about, as far as it says so. */
struct target {
    size_t member;   /* from 1 */
    uint64_t spi;    /* either one of the IKE SA */
    uint32_t spi_in; /* either one of the Child SA */
};

struct traffic {
    uint64_t left, sent; /* packets */
    uint64_t interval, due;
    struct target target;
    size_t turn; /* the next member's, in load sharing */
};

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
    size_t members;
    struct cluster_policy policy; /* until the start; then the cluster's own */
    struct timers timers;
    struct traffic traffic;
    uint64_t initiate_timeout;
    struct action action;
    struct active_defect defects[BUILTIN_DEFECTS_MAX];
    size_t defect_count;
    struct later_item *later;
    enum esp_verdict esp_verdict;         /* of the last ESP packet */
    struct builtin_hooks hooks;           /* of a script; may be empty */
    const struct cluster_hooks *observer; /* likewise, or NULL */
    void *observer_context;
};

/* options.c */
void options_default(struct builtin *gateway);
/* Reads files that options name. */
bool options_finish(struct builtin *gateway, struct error *error);
bool option_boolean(const char *value, bool *out, struct error *error);
bool option_number(const char *value, double most, double *out,
                   struct error *error);
/* Seconds to nanoseconds; a year at most. */
bool option_time(const char *value, uint64_t *out, struct error *error);

/* options_cluster.c */
void options_cluster_default(struct builtin *gateway);
/* NULL has no words. */
bool words_split(const char *text, struct words *out, struct error *error);
/* NULL if there are not so many. */
const char *words_nth(const struct words *words, size_t n);
/* The value in "name=value", or NULL. */
const char *word_value(const char *word, const char *name);
bool word_number(const char *word, uint64_t most, uint64_t *out,
                 struct error *error);
/* "KIND SCHEDULE" or "KIND FATE DETAILS" into SYNCH_KINDS rules. */
bool synch_words(const struct words *words, struct synch_rule *rules,
                 struct error *error);

/* actions.c */
void action_check(struct builtin *gateway, uint64_t now);
uint64_t action_deadline(const struct builtin *gateway);
/* IKE SAs of active members, not the copies that others keep. */
struct ike_sa *owned_sa_first(struct builtin *gateway);
struct ike_sa *owned_sa_next(struct builtin *gateway, struct ike_sa *sa);
size_t owner_number(struct builtin *gateway, const struct ike_sa *sa);
struct node *holder_of(struct builtin *gateway, const struct ike_sa *sa);
/* Established, and what `target` (may be NULL) says; or NULL. */
struct ike_sa *newest_sa(struct builtin *gateway, const struct target *target);
struct child_sa *find_child(struct ike_sa *sa, const struct target *target);
/* "member=2", "sa=0123456789abcdef" or "child=01234567" */
bool target_word(struct builtin *gateway, const char *word, struct target *out,
                 struct error *error);

/* A member by its number from 1, as one from 0. */
bool member_word(struct builtin *gateway, const char *word, size_t *out,
                 struct error *error);

/* actions_cluster.c, traffic.c: actions of the table in actions.c */
typedef bool action_fn(struct builtin *gateway, const struct words *words,
                       uint64_t now, struct error *error);
action_fn action_fail, action_recover, action_synch, action_isolate,
    action_release, action_traffic;
uint64_t traffic_deadline(const struct builtin *gateway);
void traffic_expire(struct builtin *gateway, uint64_t now);

/* builtin.c: the address of a member, counted from 0. */
struct address member_address(const struct builtin *gateway, size_t member);

/* timers.c */
/* There is an IKE SA. */
void timers_arm(struct builtin *gateway, uint64_t now);
/* Something authentic came in. */
void timers_heard(struct builtin *gateway, uint64_t now);
uint64_t timers_deadline(const struct builtin *gateway);
void timers_expire(struct builtin *gateway, uint64_t now);

/* host.c: the host behind the gateway; `spi` is our inbound one. */
void host_receive(struct builtin *gateway, struct node *node, uint32_t spi,
                  struct bytes inner);
/* It sends a packet through this Child SA. */
void host_send(struct builtin *gateway, struct node *node, struct ike_sa *sa,
               struct node_esp *esp, const struct buffer *inner);

#endif
