/*
 * A cluster of one or more members behind one address: each member a node
 * (an IKE host and its ESP SAs), a synch channel between them, failover.
 *
 * A single peer is a cluster of one. Like everything in the core it does no
 * I/O: datagrams and the time come in, datagrams go out through hooks.
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
    struct esp_sa in, out;
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
};

struct node *node_new(const char *name, const struct ike_config *config,
                      struct crypto *crypto, struct rng *rng,
                      const struct node_hooks *hooks, void *context);
void node_free(struct node *node);
const char *node_name(const struct node *node);
struct ike_host *node_host(struct node *node);
void node_receive(struct node *node, const struct datagram *datagram,
                  uint64_t now);
/* Makes ESP state for Child SAs that have none, and drops it for those that
 * are gone; after an import. */
void node_adopt(struct node *node);
/* ike_import and ike_forget, with the ESP state of what they change. They cost
 * the same however many SAs there are, as node_adopt does not. */
struct ike_sa *node_import(struct node *node, struct bytes octets,
                           struct error *error);
void node_forget(struct node *node, struct ike_sa *sa);
/* By both SPIs; NULL if there is none. */
struct ike_sa *node_find_sa(struct node *node, uint64_t spi_i, uint64_t spi_r);
/* The newest first. */
struct node_esp *node_esp_first(struct node *node);
/* By the SPI that we chose; NULL if there is none. */
struct node_esp *node_esp_find(struct node *node, uint32_t spi_in);
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
    SYNCH_IKE_SA,     /* whole state: established, rekeyed, Child SA changed */
    SYNCH_MESSAGE_ID, /* next_send and next_receive moved */
    SYNCH_COUNTER,    /* ESP sequence numbers */
    SYNCH_DELETE,     /* an IKE SA is gone */
    SYNCH_KINDS,
};
const char *synch_kind_name(enum synch_kind kind);
/* SYNCH_KINDS if there is none of that name. */
enum synch_kind synch_kind_find(const char *name);

enum synch_fate { SYNCH_DELIVER, SYNCH_LOSE, SYNCH_DELAY, SYNCH_HOLD };

struct synch_policy {
    enum synch_fate fate[SYNCH_KINDS];
    uint64_t delay[SYNCH_KINDS]; /* ns, with SYNCH_DELAY */
};

/* One message as it passes (or does not). `octets` is what is really
 * transported; the counters are what a person wants to read of it. */
struct synch_message {
    enum synch_kind kind;
    enum synch_fate fate;
    const char *from, *to;
    uint64_t time, due; /* ns; due is TIME_NEVER while held */
    uint64_t spi_i, spi_r;
    uint32_t next_send, next_receive; /* of IKE_SA and MESSAGE_ID */
    struct bytes octets;
};

/* Writes what travels for `sa` of `node`: kind u8, SPIs, then by kind the
 * exported SA, the two counters, or the ESP counters of its Child SAs. */
void synch_encode(enum synch_kind kind, struct node *node,
                  const struct ike_sa *sa, struct buffer *out);
/* Takes it into `node`'s state. A message about an unknown SA is ignored, as
 * is one that does not decode (with `error`). */
bool synch_apply(struct node *node, struct bytes octets, struct error *error);

/* ---- The cluster ---- */

struct cluster;

struct cluster_hooks {
    struct node_hooks node; /* context is the cluster's */
    /* A message was put on the synch channel; may be NULL. */
    void (*synch)(void *context, struct cluster *cluster,
                  const struct synch_message *message);
};

struct cluster *cluster_new(const char *name, size_t members,
                            const struct ike_config *config,
                            struct crypto *crypto, struct rng *rng,
                            const struct cluster_hooks *hooks, void *context);
void cluster_free(struct cluster *cluster);
const char *cluster_name(const struct cluster *cluster);
size_t cluster_members(const struct cluster *cluster);
struct node *cluster_member(struct cluster *cluster, size_t n);
struct node *cluster_active(struct cluster *cluster);
bool cluster_member_up(const struct cluster *cluster, size_t n);
struct synch_policy *cluster_policy(struct cluster *cluster);

/* Puts on the synch channel what changed since the last call. cluster_receive,
 * cluster_expire and cluster_fail_over do it themselves; whoever drives a
 * member's IKE host directly calls it afterwards. */
void cluster_flush(struct cluster *cluster, uint64_t now);

/* The active member receives. */
void cluster_receive(struct cluster *cluster, const struct datagram *datagram,
                     uint64_t now);
uint64_t cluster_deadline(struct cluster *cluster);
/* Retransmissions of the active member, due synch messages. */
void cluster_expire(struct cluster *cluster, uint64_t now);

/* Puts the ESP sequence numbers of all SAs on the synch channel. */
void cluster_synch_counters(struct cluster *cluster, uint64_t now);
/* Delivers what SYNCH_HOLD kept back. */
void cluster_release_held(struct cluster *cluster, uint64_t now);

enum failover_kind {
    FAILOVER_CRASH,   /* the active member is gone with all it knew */
    FAILOVER_PLANNED, /* it sends its last state, then stands by */
};
/* The next member that is up becomes active. False when there is none. */
bool cluster_fail_over(struct cluster *cluster, enum failover_kind kind,
                       uint64_t now, struct error *error);

/* A member that crashed comes back with nothing and is told everything. */
void cluster_recover(struct cluster *cluster, size_t member, uint64_t now);

/* What a newly active member chooses for its sync request from what it knows
 * (RFC 6311 5.1): M1 beyond every ID known to be used by at least the sender
 * window, P1 one more than the last received. */
void cluster_choose_sync(const struct ike_sa *sa, struct rng *rng,
                         struct ike_message_id_sync *out);

#endif
