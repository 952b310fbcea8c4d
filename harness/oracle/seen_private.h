/*
 * What the oracle keeps of what it has seen: of an IKE SA, of an ESP SA, and of
 * what comes before there is one. track*.c fill it in, the rules read it.
 */
#ifndef COUNTERFOIL_ORACLE_SEEN_PRIVATE_H
#define COUNTERFOIL_ORACLE_SEEN_PRIVATE_H

#include "oracle/oracle.h"

#include <uthash.h>

enum clause_id {
#define CLAUSE(name, ...) CLAUSE_##name,
#include "clauses.inc"
#undef CLAUSE
    CLAUSES
};

/* ---- Bounds, none of them grows with the capture ---- */

enum {
    IKE_SAS_MAX = 1 << 18,
    ESP_STREAMS_MAX = 1 << 18,
    LAST_STREAMS = 1 << 10,
    EXCHANGES_MAX = 64, /* remembered for each side of an IKE SA */
    SYNCS_MAX = 16,     /* sync requests, likewise */
    INTRUDERS_MAX = 4,  /* unauthenticated requests, likewise */
    CHILDREN_MAX = 64,  /* Child SA pairs of one IKE SA */
    ECHO_REQUESTS_MAX = 32,
    ESP_PLACES_MAX = 16,
    PARTS_MAX = 256, /* fragments of one message */
    FINDINGS_MAX = 10000,
    FINDINGS_ALIKE = 8, /* failures of one clause on one SA */
};

/* Frames of one sender that a network swaps are not further apart. */
#define REORDER_TIME (200 * NS_PER_MS)
/* Copies closer than this were made by the network or the capture. */
#define COPY_TIME (100 * NS_PER_MS)
/* A copy later than this is the sender's own doing, not the network's. */
#define RETRANSMIT_TIME (1 * NS_PER_S)
/* A18: repeats are judged this long. */
#define REPEAT_TIME (30 * NS_PER_S)

/* A frame, remembered. `order` counts frames in the order of the trace. */
struct sight {
    uint64_t order, frame, time;
};

/* ---- What was seen of an IKE SA ---- */

enum side { SIDE_INITIATOR, SIDE_RESPONDER, SIDES };
static inline enum side other_side(enum side side)
{
    return side == SIDE_INITIATOR ? SIDE_RESPONDER : SIDE_INITIATOR;
}

/* How a message relates to what was seen under its Message ID. */
enum take {
    TAKE_FIRST,
    TAKE_MORE,      /* another fragment of the same message */
    TAKE_REPEAT,    /* the same octets */
    TAKE_RECUT,     /* fragmented in another way: A19 */
    TAKE_DIFFERENT, /* other octets */
};

struct part {
    uint64_t digest;
    uint16_t number;
    uint16_t size; /* of the message that it came in */
};

/* A message, and its copies. */
struct copies {
    struct sight first, last;
    uint64_t digest;
    uint32_t count; /* 0: never seen */
    uint8_t exchange;
    bool opened;
    bool has_nonce;   /* and so is like no other message */
    uint64_t content; /* of one that was opened: a hash of its plaintext */
    uint64_t first_gap, last_gap; /* between copies, ns */
    uint32_t gaps;
    uint32_t place; /* a hash of where the first came from */
    bool moved;     /* a copy came from elsewhere */
    bool recut;     /* a copy was fragmented in another way */
    bool varied;    /* or had other octets */
    uint32_t heads; /* copies of the first fragment, or of the whole */
    uint32_t tries; /* those that no network made: further than COPY_TIME */
    uint64_t tried_at;
    struct sight tail_again; /* another fragment, again */
    uint16_t fragments, part_count;
    struct part *parts;
};

/* What a request wants, once it was opened. */
enum ask {
    ASK_OTHER,
    ASK_CHILD,
    ASK_CHILD_REKEY,
    ASK_CHILD_DELETE,
    ASK_IKE_REKEY,
    ASK_IKE_DELETE,
};

/* The lower nonce of an exchange, as RFC 7296 2.8.1 compares them. */
enum { NONCE_KEPT = 32 };
struct low_nonce {
    uint16_t size; /* of the nonce; the rest is forgotten */
    uint8_t octets[NONCE_KEPT];
};

/* What a receiver has to pass over in a request. */
enum form {
    FORM_PLAIN,
    FORM_RESERVED_BITS,        /* minor version, V flag, X bits */
    FORM_EMPTY_RESERVED_BITS,  /* and the request is empty */
    FORM_UNKNOWN_NOTIFY,       /* and nothing else in it */
    FORM_PROTOCOL_WITHOUT_SPI, /* in those, besides */
};

/* What a request offered, as it stood there, until it is answered. */
struct offer {
    uint16_t sa, tsi, tsr; /* octets of each, one after the other */
    uint16_t method;       /* of the KE payload, 0 without one */
    uint8_t octets[];
};

/* One Message ID of one side: its request, and the answer. */
struct exchange {
    uint32_t id;
    struct offer *offer;     /* of one that sets up an SA, unanswered */
    uint8_t ask;             /* enum ask */
    bool granted;            /* the answer was opened, and has an SA payload */
    uint8_t critical;        /* a critical payload of a type that nobody has */
    uint16_t error;          /* the answer's first error notify, or 0 */
    bool elsewhere;          /* the request came from a new place */
    uint32_t went;           /* and went to this one; 0: to several */
    bool silent;             /* found fault with for a silence */
    uint16_t asked_again;    /* copies since the last answer */
    uint16_t repeated_after; /* copies well after an answer */
    uint32_t about;          /* of ASK_CHILD_REKEY: the requester's SPI */
    struct low_nonce *low;   /* of CREATE_CHILD_SA */
    bool malformed;          /* a request came that does not decode */
    bool deletes_ike;        /* the request holds an IKE SA Delete */
    bool deletes_more;       /* ... and one of Child SAs, or that alone */
    bool clones;             /* and CLONE_IKE_SA */
    bool has_delta;          /* the request holds N(16423) of a good size */
    uint64_t delta;
    uint64_t rekey_spi; /* of an IKE SA rekey request, else 0 */
    uint32_t child_spi; /* that the requester chose, else 0 */
    uint32_t window;    /* that the requester announced, else 0 */
    uint32_t addressed; /* a hash of the gateway's address in the request, 0 if
                           there are several */
    uint8_t form;       /* enum form */
    struct copies request, response;
};

struct sync_request {
    struct sight first, last;
    uint64_t digest;
    uint32_t copies;
    uint32_t tries;                   /* copies that its sender made */
    struct address to;                /* where the first one went */
    struct ike_message_id_sync value; /* m1 = expected_send, p1 = ..._recv */
    bool malformed;                   /* N(16422) is not 12 octets */
    bool extra;                       /* holds more than 5.1 allows: A11 */
    bool has_delta;                   /* of the size that fits ... */
    bool misfit; /* ... or of the other one, not to be applied */
    uint64_t delta;
    /* What the receiver provably had before the first copy was sent: */
    bool received; /* a value of the requester ... */
    uint32_t received_highest;
    struct sight received_at; /* ... proven by this answer */
    bool used;                /* a request of its own */
    uint32_t used_highest;
    struct sight used_at;
    bool announced; /* an earlier sync, in which it said what it sends */
    uint32_t announced_send;
    bool outstanding;        /* a request of its own, unanswered */
    bool crossing;           /* an own sync, unanswered: A05 */
    bool p2_wrong, m2_wrong; /* of its answer, and found so */
    struct copies response;
    struct ike_message_id_sync answer; /* p2 = expected_send, m2 = ..._recv */
    bool answer_odd; /* holds more, or less than was asked for: to be dropped */
};

/* What one side said in its last sync about its counters (6.3). */
struct announcement {
    bool made;
    bool as_member;     /* it asked, instead of answering */
    bool send_checked;  /* its next request was compared */
    bool answered;      /* it answered a request since */
    bool recv_doubtful; /* recv is wrong already */
    bool crossed;       /* two synchronizations at once: A05 */
    uint32_t send, recv;
    struct sight at;
};

/* What a member that takes over gets, and makes of it. */
struct takeover {
    struct sight misled_at; /* an answer with another nonce came */
    bool second;            /* a second answer to its sync ... */
    uint32_t second_send;   /* ... and what it would send then */
    struct sight second_at;
    uint64_t epoch_judged;    /* the failover whose first request was seen */
    struct sight inferred;    /* a failover that no record tells of */
    struct sight window_at;   /* where IKE_AUTH announced its window */
    struct accusation *again; /* of a second sync, until the record is past */
};

/* A request that nothing authenticates. */
struct intruder {
    struct sight at;
    uint32_t id;
    uint8_t exchange;
    bool clear; /* in clear text; else it has a wrong ICV */
};

/* Values that must not come twice with different content, such as sequence
 * numbers and IVs: the recent ones, and a thinning sample of all. */
struct history_entry {
    uint64_t value, content, frame;
};
struct history {
    struct history_entry *recent; /* direct-mapped */
    struct history_entry *sample;
    uint32_t recent_bits, stride_bits;
    uint32_t taken, sampled;
    bool counts;      /* the values grow by one mostly */
    uint64_t highest; /* of those that were taken */
};
enum history_result { HISTORY_NEW, HISTORY_SAME, HISTORY_CLASH };
/* `content` is a digest of what came with `value`, 0 if not all of it was
 * captured. On CLASH *frame gets where
 * the value was seen before. */
enum history_result history_take(struct history *history, uint64_t value,
                                 uint64_t content, uint64_t frame,
                                 uint64_t *before);
void history_free(struct history *history);

/* The error that a side got or gave last. */
struct setback {
    struct sight got;   /* an error for a CREATE_CHILD_SA of its own ... */
    struct sight given; /* ... for a new Child SA that it refused */
    struct sight busy;  /* the first TEMPORARY_FAILURE in a row */
    bool hasty;         /* it had asked for it at once after an error */
    uint16_t error;
    uint8_t ask; /* enum ask, and what about */
    uint32_t about;
};

/* What causes something, and what it causes, in one second. */
struct rate {
    uint64_t second;
    uint32_t stimuli, reactions;
};

/* What reached the side under test without protection, or under SPIs that it
 * may not know; by SPIs and Message ID. */
enum {
    STIMULUS_REQUEST = 1,
    STIMULUS_RESPONSE = 2,
    STIMULUS_IKE_SPI = 4, /* INVALID_IKE_SPI in clear text */
    STIMULUS_SPI = 8,     /* INVALID_SPI, likewise */
    STIMULI_MAX = 256,
};
struct stimulus {
    struct sight first, last;
    uint64_t spi_i, spi_r;
    uint32_t id, place;
    uint8_t kinds, exchange;
    bool moved, varied, answered;
};

/* One side of an IKE SA. */
struct party {
    struct endpoint at;
    bool at_known;    /* from the exchange that set the SA up */
    bool asserted[2]; /* 16420, 16421 in IKE_AUTH, or inherited */
    uint32_t window;  /* requests that it may have outstanding */
    bool used;        /* it sent a request ... */
    uint32_t used_highest;
    struct sight used_at;
    bool answered; /* the other side answered one ... */
    uint32_t answered_highest;
    struct sight answered_at;
    struct exchange *exchanges; /* of its requests; a ring */
    uint16_t exchange_count, exchange_capacity, exchange_next;
    struct sync_request *syncs; /* a ring */
    uint16_t sync_count, sync_next;
    uint16_t intruder_count;
    struct intruder *intruders; /* in its name */
    struct announcement announced;
    bool unsure; /* a sync went wrong: nobody knows its counters */
    struct ike_message_id_sync odd_answer; /* to no request that was seen */
    struct sight odd_answer_at;
    struct sight odd_zero_at; /* a response 0 without 16422, likewise */
    bool misled;          /* its sync got an answer with a wrong nonce ... */
    uint32_t misled_send; /* ... and this M2 */
    struct takeover takeover;
    struct history ivs;
    struct setback setback;
    struct rate hints;     /* in clear text, and its liveness checks */
    struct rate strays;    /* out of its window, and what it says of them */
    bool hinted_by_spi;    /* ... which was that, or something else */
    struct sight hinted;   /* the last INVALID_IKE_SPI in clear text */
    struct sight disowned; /* it said INVALID_IKE_SPI itself */
    bool moved;            /* a new request came from elsewhere: */
    uint32_t former;       /* it was there before */
    uint32_t moved_id;     /* by this request */
    struct sight moved_at;
    struct sight replayed; /* a copy came from elsewhere */
    uint32_t replay_place;
    bool disowned_moved;     /* ... for a request from elsewhere */
    struct sight answers_at; /* its last message */
    struct sight spoke;      /* its first one that proves that it has the SA */
    bool failed;             /* it said AUTHENTICATION_FAILED */
    struct sight gone;       /* it agreed to the Delete of this IKE SA */
    struct sight syntax;     /* it answered INVALID_SYNTAX ... */
    uint32_t syntax_id;      /* ... to this request */
};

/* A request of one side about a Child SA, the newest. */
struct claim {
    bool made;
    uint32_t id;
};

struct child {
    uint32_t spi[SIDES]; /* that this side receives on */
    bool esn;
    struct sight created;
    enum side creator;
    uint16_t encr, key_length, integ;
    uint32_t creator_id; /* of its request */
    uint32_t replaces;   /* the creator's SPI of the SA that it rekeys */
    bool collided, wins; /* with a rekey of the other side: 2.8.1 */
    bool blamed;         /* for what ought to have been deleted since */
    bool reported;       /* the other side said INVALID_SPI */
    bool closed[SIDES];  /* it deleted what it receives on */
    struct claim deletes[SIDES], rekeys[SIDES];
};

enum knowledge { UNKNOWN, NO, YES };

struct ike_sa_key {
    uint64_t spi_i, spi_r;
};

struct ike_seen {
    struct ike_sa_key key;
    bool from_start; /* its first exchange was captured */
    bool rekeyed;    /* it came from a rekey that was captured */
    bool established;
    bool blind;                  /* a message could not be opened */
    bool init_seen[SIDES];       /* IKE_SA_INIT of this side, and in it ... */
    bool fragments[SIDES];       /* ... 16430; or inherited */
    bool init_newer, init_older; /* requests above major version 2; and not */
    bool auth_complete; /* every IKE_AUTH message was opened, AUTH seen */
    bool auth_request_seen;
    bool auth_goes_on;  /* its sender will authenticate once more */
    uint32_t auth_next; /* Message ID of the next IKE_AUTH request */
    uint32_t auth_child_spi;
    bool forked;   /* another came of it, and it may live on */
    bool replaced; /* a rekey succeeded: */
    struct ike_sa_key successor;
    uint32_t rekey_id;        /* by this request ... */
    enum side rekey_side;     /* ... of this side */
    bool collided, wins;      /* with another rekey of the same SA: 2.8.2 */
    bool wider_before[SIDES]; /* the window of its predecessor */
    bool natted[SIDES];       /* NAT_DETECTION told this side of a NAT */
    bool behind_nat[SIDES];   /* that of its own */
    bool hides[SIDES];        /* its hash of its own address does not fit */
    bool nat_known;           /* both sides sent NAT_DETECTION */
    bool mobike;
    struct sight init_at; /* the answer to IKE_SA_INIT */
    struct sight created; /* of one that is a rekey's */
    struct party party[SIDES];
    struct child *children;
    uint16_t child_count, child_capacity;
    bool children_forgotten; /* the oldest, or half known: some are missing */
    UT_hash_handle hh;
};

/* ---- What was seen of an ESP SA ---- */

/* Nothing is sent on it any more. */
struct closing {
    struct sight at; /* order 0: it is open */
    enum clause_id clause;
    bool from_start;
};

/* Without holes, since it is hashed as octets. */
struct esp_key {
    struct address destination;
    uint8_t unused[3];
    uint32_t spi;
};
_Static_assert(sizeof(struct esp_key) == sizeof(struct address) + 3 + 4,
               "a hole in struct esp_key");

/* An echo request towards the side under test: its reply was sent later. */
struct echo_sight {
    uint64_t order; /* 0: none */
    uint16_t identifier, sequence;
};

/* A jump that the counter has to make (or must not). */
struct esp_jump {
    bool pending;
    enum clause_id clause; /* that a jump breaks */
    uint64_t from;         /* the highest number before */
    uint64_t delta;
    uint32_t below; /* packets since that have not jumped */
    struct sight request, decided;
};

struct esp_stream {
    struct esp_key key;
    /* What each packet asks for comes first: a few cache lines. */
    bool any;
    bool wrapped; /* it may have gone through 2^32, unseen if ESN */
    bool failover_checked;
    bool fresh;          /* its creation was captured */
    bool shared;         /* by two SAs at one time, as behind a NAT */
    bool moved;          /* to another port */
    bool sources;        /* of several */
    uint16_t encr;       /* of its Child SA; 0: not known */
    uint16_t port;       /* that it goes to; 0 outside UDP */
    uint32_t source;     /* a hash of the address that it comes from */
    uint32_t key_row;    /* what opens it, 0: nothing does */
    uint32_t former_row; /* what opened the SA that had this SPI before */
    uint32_t low_run;    /* new numbers far below the highest, in a row */
    enum knowledge esn;  /* negotiated for it */
    uint64_t failover_epoch;
    uint64_t highest; /* with the high half that we infer */
    struct sight highest_at;
    struct history sequences;
    struct sight leap; /* a jump of 2^30 or more: RFC 6311 5.2 */
    struct closing closing;
    struct esp_jump asked; /* of an accepted 16423 */
    struct esp_jump stale; /* of one that was to be dropped */
    struct history ivs;
    uint64_t low_last;
    struct sight low_at;
    uint64_t before_failover;
    struct sight before_failover_at;
    uint64_t ceiling;     /* with all increments that were asked for */
    struct endpoint from; /* where it comes from, of ESP in UDP */
    uint64_t leap_from, leap_to;
    UT_hash_handle hh;
};

/* An SPI that some side of an IKE SA receives on. */
struct child_link {
    struct esp_key key;
    uint16_t encr;
    enum knowledge esn;
    bool natted;             /* its sender knows of a NAT */
    struct ike_sa_key owner; /* that it was made under */
    struct closing closing;
    UT_hash_handle hh;
};

/* ---- Before there is an IKE SA ---- */

enum { INITIALS_MAX = 256, CHOSEN_SPIS_MAX = 1024 };

/* IKE_SA_INIT with one initiator SPI. */
struct initial {
    uint64_t spi_i, spi_r;
    struct sight first, answered;
    uint64_t digest, answer; /* of the request; of the answer, 0: none yet */
    uint32_t place;
    uint8_t version;
    bool moved, varied; /* there were requests from elsewhere, or others */
    bool natted;        /* the request's hashes do not fit its addresses */
    bool behind;        /* the hash of its destination does not */
    bool hides;         /* nor that of its source */
    bool detects;       /* it has such hashes */
    struct offer *offer;
};

/* An IKE SPI of a responder. */
struct chosen_spi {
    uint64_t spi;
    struct ike_sa_key sa;
    struct sight at;
    uint32_t place;
};

#endif
