/*
 * A cluster of one or more members: each member a node (an IKE host and its
 * ESP SAs), a synch channel between them, failover, and what a member does
 * when it takes over.
 *
 * A single peer is a cluster of one. Like everything in the core it does no
 * I/O: datagrams and the time come in, datagrams go out through hooks.
 *
 * Terms are those of RFC 6027 2: hot standby and load sharing, tight (one
 * address) and loose (an address for each member), synch channel.
 */
#ifndef COUNTERFOIL_CLUSTER_CLUSTER_H
#define COUNTERFOIL_CLUSTER_CLUSTER_H

#include "esp/esp.h"
#include "ike/ike.h"

/* ---- A node: IKE and ESP of one member ---- */

struct node;

/* The ESP state of one Child SA pair. */
struct node_esp {
    uint32_t spi_in, spi_out;
    bool transport_mode;
    bool exhausted; /* a delta would have made the outgoing number cycle, and
                       was not added (A13): a new Child SA is needed */
    struct esp_sa in, out;
    uint64_t unshared; /* numbers sent and accepted since they last went on a
                          synch channel */
    struct node_esp *next;
};

/* A datagram on its way out. `sa` and `header` are NULL for ESP and for what
 * a test sends by hand. */
struct node_outgoing {
    const struct datagram *datagram; /* non-ESP marker included */
    struct bytes octets;             /* without it */
    struct ike_sa *sa;
    const struct ike_header *header;
    unsigned repeat;            /* 0, then the retransmission's number */
    size_t fragment, fragments; /* from 0; of how many */
};

struct node_hooks {
    /* Every datagram; never NULL: it decides whether, when and how often it
     * goes to the link. */
    void (*outgoing)(void *context, struct node *node,
                     const struct node_outgoing *outgoing);
    /* See ike_host_ops; may be NULL. */
    void (*compose)(void *context, struct node *node, struct ike_sa *sa,
                    struct ike_message *message, struct arena *arena);
    void (*event)(void *context, struct node *node, struct ike_sa *sa,
                  const struct ike_event *event);
    /* An ESP packet was opened, or not: `inner` is empty then. It is an IP
     * packet, in transport mode with the addresses of the outer one; empty too
     * for a dummy packet (RFC 4303 2.6). May be NULL. */
    void (*esp)(void *context, struct node *node, uint32_t spi,
                enum esp_verdict verdict, struct bytes inner,
                const char *reason);
    /* An ESP packet was sealed or accepted, or numbers were left out:
     * `unshared` is higher. May be NULL; a cluster keeps it for itself. */
    void (*counted)(void *context, struct node *node, struct node_esp *esp);
};

/* SPIs and IVs are unique within a node. See cluster/ for those of several. */
struct node *node_new(const char *name, const struct ike_config *config,
                      struct crypto *crypto, struct rng *rng,
                      const struct node_hooks *hooks, void *context);
void node_free(struct node *node);
const char *node_name(const struct node *node);
struct ike_host *node_host(struct node *node);
void node_receive(struct node *node, const struct datagram *datagram,
                  uint64_t now);
/* ike_import and ike_forget, with the ESP state of what they change. They cost
 * the same however many SAs there are. */
struct ike_sa *node_import(struct node *node, struct bytes octets,
                           struct error *error);
void node_forget(struct node *node, struct ike_sa *sa);
/* By both SPIs; NULL if there is none. */
struct ike_sa *node_find_sa(struct node *node, uint64_t spi_i, uint64_t spi_r);
/* The newest first. */
struct node_esp *node_esp_first(struct node *node);
/* By the SPI that we chose; NULL if there is none. */
struct node_esp *node_esp_find(struct node *node, uint32_t spi_in);
/* The outgoing numbers of that pair skip by delta (RFC 6311 5.2); where they
 * would cycle they stay (RFC 4303 3.3.3). */
void node_skip(struct node *node, uint32_t spi_in, uint64_t delta);
/* Seals `inner`, an IP packet, and sends it from and to the IKE SA's endpoints,
 * in UDP where the SA encapsulates. In transport mode its payload and protocol
 * travel, the header and `next_header` do not. The ESP octets are left in
 * `octets` for a later replay, if that is not NULL. */
bool node_send_esp(struct node *node, struct ike_sa *sa, struct node_esp *esp,
                   struct bytes inner, uint8_t next_header,
                   const struct esp_override *override, struct buffer *octets,
                   struct error *error);
/* Sends whole IKE or ESP octets by hand, marker added where port 4500 needs
 * it. */
void node_send_octets(struct node *node, bool esp, bool encapsulate,
                      const struct endpoint *source,
                      const struct endpoint *destination, struct bytes octets);

/* ---- The synch channel ---- */

enum synch_kind {
    SYNCH_IKE_SA,       /* an IKE SA is established: its whole state */
    SYNCH_IKE_REKEY,    /* likewise, of one that replaces another, and of that
                           other one */
    SYNCH_CHILD_ADD,    /* whole state, since a Child SA came */
    SYNCH_CHILD_DELETE, /* whole state, since a Child SA went */
    SYNCH_MESSAGE_ID,   /* next_send and next_receive moved */
    SYNCH_COUNTER,      /* ESP sequence numbers */
    SYNCH_DELETE,       /* an IKE SA is gone */
    SYNCH_KINDS,
};
const char *synch_kind_name(enum synch_kind kind); /* "child_add" */
/* SYNCH_KINDS if there is none of that name. */
enum synch_kind synch_kind_find(const char *name);

/* What becomes of a message; one table for scripts, options and records. */
enum synch_fate {
    SYNCH_DELIVER,
    SYNCH_LOSE,
    SYNCH_DELAY,     /* by `delay` */
    SYNCH_HOLD,      /* until cluster_release_held */
    SYNCH_DUPLICATE, /* twice; the copy after `delay` */
    SYNCH_SWAP,      /* behind the next message to the same member; two in a
                        row change places */
    SYNCH_CORRUPT,   /* an octet changes: the receiver sees it and drops it */
    SYNCH_FATES,
};
const char *synch_fate_name(enum synch_fate fate); /* "deliver" */
enum synch_fate synch_fate_find(const char *name);
const char *synch_fate_done(enum synch_fate fate); /* "delivered" */

/* When messages of a kind are sent. */
enum synch_when {
    SYNCH_AT_ONCE,     /* after every exchange; of COUNTER: never */
    SYNCH_EVERY_COUNT, /* each `every` changes of the IKE SA; of COUNTER: ESP
                          packets sent or received on a Child SA */
    SYNCH_EVERY_TIME,  /* `every` ns after the first change, all at once */
    SYNCH_NEVER,
};

/* Of one kind. `skip` messages pass first, then the fate holds for `limit` of
 * them (0: for all). Both are counted down here, and the fate becomes
 * SYNCH_DELIVER after the last. What goes to several members at once counts
 * once. */
struct synch_rule {
    enum synch_when when;
    uint64_t every;
    enum synch_fate fate;
    uint64_t delay; /* ns */
    uint32_t skip, limit;
    size_t to; /* only what goes to this member, from 1; 0: to all */
};

/* One message to one member as it passes (or does not). `octets` is what is
 * really transported; the counters are what a person wants to read of it. */
struct synch_message {
    enum synch_kind kind;
    enum synch_fate fate;
    const char *from, *to;
    uint64_t time, due; /* ns; due is TIME_NEVER where that is not known, or
                           if it will not arrive (whole) */
    uint64_t spi_i, spi_r;
    uint32_t next_send, next_receive; /* of whole state and MESSAGE_ID */
    struct bytes octets;
};

/* Writes what travels for `sa` of `node`: kind u8, SPIs, then by kind the
 * two counters and the exported SA, the two counters, or the ESP counters of
 * its Child SAs; at the end a check value, so that what was corrupted is not
 * taken for state. */
void synch_encode(enum synch_kind kind, struct node *node,
                  const struct ike_sa *sa, struct buffer *out);
/* Takes it into `node`'s state. A message about an unknown SA is ignored, as
 * is one that does not decode (with `error`). */
bool synch_apply(struct node *node, struct bytes octets, struct error *error);

/* ---- What a cluster is, and what its members do ---- */

enum cluster_sharing {
    CLUSTER_HOT_STANDBY, /* one member is active */
    /* All are, RFC 6027 3.7: */
    CLUSTER_STICKY,    /* an IKE SA and its Child SAs belong to one member */
    CLUSTER_DUPLICATE, /* an IKE SA belongs to one member; each member has a
                          Child SA of its own, all with equal selectors */
};
const char *cluster_sharing_name(enum cluster_sharing sharing);
/* False if there is none of that name. */
bool cluster_sharing_find(const char *name, enum cluster_sharing *out);

enum takeover {
    TAKEOVER_BY_HAND, /* whoever drives the cluster synchronizes */
    TAKEOVER_EAGER,   /* every IKE SA at once (RFC 6311 5.1) */
    TAKEOVER_LAZY,    /* an IKE SA when there is something to send on it, or
                         an IKE message for it arrives (RFC 6311 7) */
};

/* What a member does when it takes IKE SAs over. The defaults (all zero) do
 * nothing: a script drives our own cluster. Where the peer did not assert
 * 16420 or 16421 nothing of that kind is ever sent. */
struct takeover_policy {
    enum takeover how; /* by jump and strict every member goes */
    uint64_t renew;    /* ns until an unanswered sync request is given up for a
                          new one, with a higher M1 and a new nonce; 0: 3 s */
    unsigned tries; /* requests before the IKE SA is given up (closed without a
                       word to the peer); 0: 8 */
    /* RFC 6311 5.2, RFC 6027 3.4: outgoing ESP numbers go on beyond what is
     * known, and beyond jump times the number of failovers so far (which every
     * member counts), whatever the channel lost. 0: they go on as known. */
    uint64_t jump;
    uint64_t delta; /* the peer is asked for with 16423 (6.4); 0: it is not */
    bool strict;    /* inbound ESP numbers up to known + delta count as
                       received; else what the channel told */
    bool rekey;     /* Child SAs are rekeyed once the IKE SA is synchronized
                       (RFC 6027 3.5, RFC 6311 5.2 after a large jump) */
};

struct cluster_policy {
    enum cluster_sharing sharing;
    /* Loose: each member has the address that cluster_set_address gave it.
     * When it fails, its successor takes the address over, or (`moves`) goes
     * on from its own. */
    bool loose, moves;
    bool bulk_lost; /* a member that comes back is told nothing of what is
                       there already */
    /* SPIs are chosen at random by every member (collisions may happen: RFC
     * 6027 3.9), not from a part of the numbers that is its own. */
    bool random_spis;
    struct synch_rule synch[SYNCH_KINDS];
    struct takeover_policy takeover;
};

/* ---- The cluster ---- */

struct cluster;

struct cluster_hooks {
    struct node_hooks node; /* context is the cluster's */
    /* A message was put on the synch channel; may be NULL. */
    void (*synch)(void *context, struct cluster *cluster,
                  const struct synch_message *message);
    /* The fate of a message that is about to be put there, instead of its
     * rule's; may be NULL. */
    enum synch_fate (*fate)(void *context, struct cluster *cluster,
                            const struct synch_message *message);
    /* A member failed: `what` is failure_name(), `from` its name and `to` its
     * successor's. Or one came back: "recover" after a crash or a planned
     * failover, "thaw" after a freeze, "heal" when it was cut off; `to` is NULL
     * then. What follows from it (sync requests, synch messages) comes after
     * the call. May be NULL. */
    void (*failure)(void *context, struct cluster *cluster, const char *from,
                    const char *to, const char *what);
};

/* At most this many members. */
enum { CLUSTER_MEMBERS_MAX = 255 };
struct cluster *cluster_new(const char *name, size_t members,
                            const struct ike_config *config,
                            struct crypto *crypto, struct rng *rng,
                            const struct cluster_hooks *hooks, void *context);
void cluster_free(struct cluster *cluster);
size_t cluster_members(const struct cluster *cluster);
/* NULL if there are not so many. Members are counted from 0 here. */
struct node *cluster_member(struct cluster *cluster, size_t n);
/* It runs (it did not crash, and is not frozen). */
bool cluster_member_up(const struct cluster *cluster, size_t n);
/* It believes that it is active: one of a hot standby cluster, all that are up
 * of a load sharing one, more where the synch channel is cut. */
bool cluster_member_active(const struct cluster *cluster, size_t n);
/* The member that holds the cluster address; of a load sharing cluster the
 * first active one. */
struct node *cluster_active(struct cluster *cluster);
size_t cluster_active_number(const struct cluster *cluster);
/* The member that an IKE SA belongs to, by our own SPI; NULL if none. */
struct node *cluster_owner(struct cluster *cluster, uint64_t local_spi);
/* The same of a Child SA, by our own SPI. They differ in CLUSTER_DUPLICATE. */
struct node *cluster_pair_owner(struct cluster *cluster, uint32_t spi_in);
/* May be changed at any time; `sharing` and `loose` before the first IKE SA. */
struct cluster_policy *cluster_policy(struct cluster *cluster);
void cluster_set_address(struct cluster *cluster, size_t member,
                         const struct endpoint *address);

/* Puts on the synch channel what changed since the last call, and lets members
 * do what follows from it (further Child SAs of CLUSTER_DUPLICATE, rekeying
 * after a takeover). cluster_receive, cluster_expire, cluster_fail and
 * cluster_recover do it themselves; whoever drives a member's IKE host or sends
 * ESP directly calls it afterwards. */
void cluster_flush(struct cluster *cluster, uint64_t now);

/* One active member receives: of a hot standby cluster the one with the
 * address; of a sharing one the owner of the SA, and for a new IKE SA one
 * chosen by the initiator's SPI; of a loose one who has the destination. */
void cluster_receive(struct cluster *cluster, const struct datagram *datagram,
                     uint64_t now);
uint64_t cluster_deadline(struct cluster *cluster);
/* Retransmissions of active members, due synch messages, renewed sync
 * requests. */
void cluster_expire(struct cluster *cluster, uint64_t now);
/* There is something to send on this IKE SA: a lazy member synchronizes now.
 * What is requested afterwards waits until the synchronization is done. Until
 * then the peer's requests are dropped, but for a synchronization of its own
 * (RFC 6311 8.1, A.4): event IKE_EVENT_DROPPED. */
void cluster_touch(struct cluster *cluster, struct ike_sa *sa, uint64_t now);
/* Of TAKEOVER_EAGER and _LAZY: this IKE SA is not synchronized yet. */
bool cluster_unsynchronized(struct cluster *cluster, const struct ike_sa *sa);

/* Puts the ESP sequence numbers of all SAs on the synch channel. */
void cluster_synch_counters(struct cluster *cluster, uint64_t now);
/* Delivers what SYNCH_HOLD kept back. */
void cluster_release_held(struct cluster *cluster, uint64_t now);
/* The member neither sends nor receives on the synch channel. */
void cluster_isolate(struct cluster *cluster, size_t member, bool isolated);

/* ---- Failure and return ---- */

enum failure {
    FAIL_CRASH,   /* the member is gone with all it knew */
    FAIL_PLANNED, /* it sends its last state, then stands by (also in a load
                     sharing cluster, until cluster_recover) */
    FAIL_REBOOT,  /* it loses all it knew and is back at once; the others tell
                     it everything. Alone it goes on with nothing */
    FAIL_FREEZE,  /* it stops, and keeps what it knows */
    FAIL_SPLIT,   /* it is cut off the synch channel, and both it and the next
                     member are active; the next one has the address */
    FAILURES,
};
const char *failure_name(enum failure failure); /* "crash" */
enum failure failure_find(const char *name);    /* FAILURES if there is none */

/* Member `n` fails; the next one that is up (or `to`, from 1, if that is not
 * 0) takes over. False, and nothing changes, when there is none, or `n` is not
 * active. */
bool cluster_fail(struct cluster *cluster, size_t n, enum failure how,
                  size_t to, uint64_t now, struct error *error);
/* The same of the active member. */
bool cluster_fail_over(struct cluster *cluster, enum failure how, uint64_t now,
                       struct error *error);
/* Nothing happens to a member that is well. One that crashed comes back with
 * nothing and is told everything (but see bulk_lost); a frozen one goes on
 * where it was, active until it hears of its successor, which is at once if it
 * is not isolated; a cut off one joins the others again, and whoever has not
 * the address stands by. What any of them knew gives way to what it is told. */
void cluster_recover(struct cluster *cluster, size_t member, uint64_t now);

/* What a newly active member chooses for its sync request from what it knows
 * (RFC 6311 5.1): M1 beyond every ID known to be used by at least the sender
 * window, P1 one more than the last received. */
void cluster_choose_sync(const struct ike_sa *sa, struct rng *rng,
                         struct ike_message_id_sync *out);

#endif
