/* What the files of cluster/ share. */
#ifndef COUNTERFOIL_CLUSTER_CLUSTER_PRIVATE_H
#define COUNTERFOIL_CLUSTER_CLUSTER_PRIVATE_H

#include "cluster/cluster.h"

#include <uthash.h>

/* ---- node.c ---- */

/* What keeps the SPIs and IVs of one member apart from the others'. */
struct node_place {
    uint8_t number;          /* from 1; 0: alone, nothing is kept apart */
    uint32_t incarnation;    /* of all nodes that the cluster ever had */
    const bool *random_spis; /* see struct cluster_policy */
};
/* Before the first SA. */
void node_set_place(struct node *node, const struct node_place *place);

/* ---- synch.c ---- */

/* The kind and the SPIs of a whole message; false if there is none. */
bool synch_peek(struct bytes octets, enum synch_kind *kind, uint64_t *spi_i,
                uint64_t *spi_r);
/* The counters in one that carries them. */
bool synch_peek_counters(struct bytes octets, uint32_t *next_send,
                         uint32_t *next_receive);

/* ---- synch_queue.c: synch messages on their way ---- */

struct queued {
    struct synch_message message; /* octets point into `octets` */
    struct buffer octets;
    size_t to;
    uint64_t number; /* in the order of sending */
    struct queued *next;
};

/* What is delayed, a binary heap by the time it is due; and what is held. */
struct queue {
    struct queued **delayed;
    size_t count, capacity;
    struct queued *held, **held_end;
    uint64_t sent;
};

/* Takes ownership of `queued`, whose message says when it is due. */
void synch_queue_add(struct queue *queue, struct queued *queued);
/* TIME_NEVER if nothing is delayed. */
uint64_t synch_queue_deadline(const struct queue *queue);
/* Removes what is due by then, and `with_held` what is held; a list in the
 * order of sending, each to be released with queued_free. */
struct queued *synch_queue_take(struct queue *queue, uint64_t due_by,
                                bool with_held);
void synch_queue_free(struct queue *queue);
void queued_free(struct queued *queued);

/* ---- Tables ---- */

/* An IKE SA of a member with something to tell the others, or (`counters`)
 * whose ESP counters are to be told. */
struct change {
    struct {
        uint64_t spi_i, spi_r, counters;
    } key;
    enum synch_kind kind;
    uint64_t count; /* how often it was seen to have changed */
    bool touched;   /* since the last flush; else it waits for its schedule */
    struct change *prev, *next;
    UT_hash_handle hh;
};

struct changes {
    struct change *table;                /* uthash */
    struct change *touched;              /* in the order of the first change */
    struct change *waiting[SYNCH_KINDS]; /* likewise */
    uint64_t due[SYNCH_KINDS];           /* TIME_NEVER: none is timed */
    uint64_t next_due;
};

enum digest_state {
    DIGEST_WAITS, /* lazy: nothing was asked yet */
    DIGEST_ASKED,
    DIGEST_DONE, /* what follows is done at the next flush */
};

/* An IKE SA that a member took over and has not digested. */
struct digest {
    struct {
        uint64_t spi_i, spi_r;
    } key;
    enum digest_state state;
    unsigned tries;
    uint32_t m1;  /* of the last request */
    uint64_t due; /* when it is given up for another */
    struct digest *prev, *next;
    UT_hash_handle hh;
};

struct digests {
    struct digest *table;        /* uthash */
    struct digest *asked, *done; /* asked: in the order of being due */
};

/* Whose an IKE SA (by our own SPI) or a pair (by our own SPI) is. */
struct place {
    uint64_t key;
    size_t member;
    uint64_t generation; /* of the members it has a pair for */
    bool missing;        /* its member did not know it when it took it over */
    UT_hash_handle hh;
};

/* ---- A member, the cluster ---- */

/* IKE SAs that a member closed or was told are gone, the last ones. */
enum { GONE_MAX = 256 };
struct gone {
    struct {
        uint64_t spi_i, spi_r;
    } sas[GONE_MAX];
    size_t count; /* all of them */
};

struct member {
    struct cluster *cluster;
    size_t number; /* from 0 */
    struct node *node;
    bool up;       /* it runs */
    bool active;   /* hot standby: it believes so, also while it is frozen */
    bool stands;   /* load sharing: it stands by */
    bool frozen;   /* not up, but it keeps what it knows */
    bool isolated; /* from the synch channel */
    bool applying; /* what it hears on the synch channel */
    struct endpoint address; /* of a loose cluster; port 0: none */
    size_t holder;           /* who has that address */
    struct changes changes;
    struct digests digests;
    struct gone gone;
    struct queued *swapped; /* goes behind the next message to it */
    bool dirty;             /* something awaits the next flush */
    struct member *next_dirty;
};

struct cluster {
    char *name;
    struct ike_config config;
    struct crypto *crypto;
    struct rng *rng;
    struct cluster_hooks hooks;
    void *context;
    struct cluster_policy policy;
    struct member *members;
    size_t member_count;
    size_t holder; /* who has the cluster address */
    uint64_t failovers;
    uint64_t generation; /* of who is active */
    uint32_t incarnations;
    struct queue queue;
    struct member *dirty;
    struct place *owners; /* load sharing: of IKE SAs */
    struct place *pairs;  /* CLUSTER_DUPLICATE: of Child SAs */
};

static inline struct member *member_of(struct cluster *cluster, size_t n)
{
    return &cluster->members[n];
}

static inline bool is_sharing(const struct cluster *cluster)
{
    return cluster->policy.sharing != CLUSTER_HOT_STANDBY;
}

/* It runs, and believes that it is active. */
static inline bool is_active(const struct member *member)
{
    return member->up &&
           (is_sharing(member->cluster) ? !member->stands : member->active);
}

static inline uint64_t local_spi(const struct ike_sa *sa)
{
    return sa->initiator ? sa->spi_i : sa->spi_r;
}

/* ---- cluster.c ---- */

/* A node that knows nothing, in place of the member's, with what was not told
 * to anybody. */
void member_renew(struct member *member);
/* cluster_flush has to look at it. */
void member_dirty(struct member *member);
struct member *member_of_sa(struct cluster *cluster, const struct ike_sa *sa);

/* ---- changes.c: what is to be told ---- */

void changes_init(struct changes *changes);
void changes_clear(struct changes *changes);
/* `kind` of this SA changed; SYNCH_COUNTER is told apart from the rest. */
void changes_note(struct member *member, const struct ike_sa *sa,
                  enum synch_kind kind);
void changes_flush(struct member *member, uint64_t now);
/* Those whose time has come. */
void changes_expire(struct member *member, uint64_t now);

/* ---- channel.c ---- */

/* Tells `only`, or every other member that is up. Of `sa` only what the kind
 * needs is looked at. */
void channel_put(struct member *from, enum synch_kind kind,
                 const struct ike_sa *sa, struct member *only, uint64_t now);
/* Delivers, in the order of sending, what is due by then. */
void channel_deliver(struct cluster *cluster, uint64_t due_by, bool with_held,
                     uint64_t now);
/* Such an IKE SA is not brought back by what comes late. */
void note_gone(struct gone *gone, uint64_t spi_i, uint64_t spi_r);
/* What is due by then, what is held, and what waits for another to pass. */
void channel_empty(struct cluster *cluster, uint64_t due_by, uint64_t now);
/* Everything that `from` owns. */
void channel_tell_all(struct member *from, struct member *only, uint64_t now);

/* ---- dispatch.c: who owns what, who receives what ---- */

/* Nobody, where no member takes it. */
struct member *dispatch(struct cluster *cluster,
                        const struct datagram *datagram);
/* IKE octets without a non-ESP marker, or else ESP ones. */
bool datagram_ike(const struct datagram *datagram, struct bytes *octets);
bool member_owns(const struct member *member, const struct ike_sa *sa);
void owner_set(struct member *member, const struct ike_sa *sa);
/* The member owns it, and hears of it only now; true once. */
bool owner_missed(const struct member *member, const struct ike_sa *sa);
void owner_remove(struct member *member, const struct ike_sa *sa);
struct member *pair_owner(struct cluster *cluster, uint32_t spi_in);
/* A Child SA of an IKE SA that `owner` has came, or went. */
void pair_add(struct member *owner, const struct ike_sa *sa, uint32_t spi_in);
void pair_remove(struct member *owner, const struct ike_sa *sa,
                 uint32_t spi_in);
/* Asks for further Child SAs while members that are active have none. */
void pairs_ensure(struct member *owner, struct ike_sa *sa, uint64_t now);
/* Of every IKE SA a pair for each active member, after one came back. */
void pairs_share(struct cluster *cluster, uint64_t now);
void places_clear(struct place **table);

/* ---- takeover.c ---- */

/* `member` is responsible for all that `from` was. */
void take_over(struct member *member, struct member *from, uint64_t now);
/* An IKE SA that the member hears of only after it has taken over. */
void take_over_late(struct member *member, struct ike_sa *sa, uint64_t now);
/* An IKE message arrives; true: it is dropped before the node sees it. */
bool takeover_arrives(struct member *member, const struct datagram *datagram,
                      uint64_t now);
void takeover_event(struct member *member, struct ike_sa *sa,
                    const struct ike_event *event);
uint64_t takeover_deadline(const struct member *member);
void takeover_expire(struct member *member, uint64_t now);
/* What follows once an IKE SA is synchronized. */
void takeover_flush(struct member *member, uint64_t now);
void digests_clear(struct digests *digests);
/* NULL if it is digested, or was never taken over. */
struct digest *digest_find(const struct member *member, uint64_t spi_i,
                           uint64_t spi_r);

#endif
