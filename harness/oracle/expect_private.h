/* Expectations: what is kept of the messages, and what is looked for. */
#ifndef COUNTERFOIL_ORACLE_EXPECT_PRIVATE_H
#define COUNTERFOIL_ORACLE_EXPECT_PRIVATE_H

#include "oracle/oracle_private.h"

enum {
    RECORDS_MAX = 8192, /* powers of two */
    ECHOES_MAX = 4096,
    COPIES_NEAR = 64, /* echoes that a copy is looked for in */
    PENDING_MAX = 256,
    NOTIFIES_KEPT = 12,
    CLAUSES_KEPT = 8,
    TYPES_KEPT = 8,
};

#define COPY_NEAR_TIME (3 * NS_PER_MS)

/* A message, in short. */
struct record {
    struct sight sight;
    struct ike_sa_key key;
    uint8_t digest[16];
    uint32_t id;
    uint8_t exchange;
    bool response, judged, protected, opened, doubtful;
    bool synced; /* N(16422) of 12 octets: */
    struct ike_message_id_sync sync;
    uint64_t payloads; /* bit n: type n was there */
    uint16_t notifies[NOTIFIES_KEPT];
    uint8_t notify_count;
};

/* An ESP packet of the gateway: an echo reply, or one that stayed shut. */
struct echo {
    struct sight sight;
    uint64_t content;
    uint32_t spi;
    uint16_t identifier, sequence;
    uint8_t next_header;
    bool opened, esn;
};

enum expect_kind {
    SILENCE,
    ANSWER,
    REQUEST,
    NO_REQUEST,
    DELIVERED,
    UNDELIVERED,
    KINDS
};

struct optional {
    bool given;
    uint64_t value;
};

struct expectation {
    enum expect_kind kind;
    uint64_t from, until, time;
    struct ike_sa_key key;
    uint8_t exchange;
    struct optional id, m2, p2, payload, identifier, sequence, spi;
    struct optional next_header, esn; /* of the packet that is delivered */
    uint64_t beyond; /* of UNDELIVERED: so many may be, but no more */
    bool has_nonce, has_answer_nonce, has_digest;
    bool again; /* of REQUEST: one that was sent before */
    uint8_t nonce[4], answer_nonce[4], digest[16];
    uint16_t notify[TYPES_KEPT], without[TYPES_KEPT];
    size_t notify_count, without_count;
    enum clause_id clauses[CLAUSES_KEPT];
    size_t clause_count;
    char text[128];
};

struct expectations {
    struct record *records;
    struct echo *echoes;
    uint64_t record_count, echo_count; /* ever */
    struct expectation *pending;
    size_t pending_count;
    /* Unmet, but perhaps only because the gateway was gone. */
    struct unmet *unmet;
    size_t unmet_count;
    struct endpoint subject;      /* of the gateway, last seen */
    uint64_t gateway_seen, alive; /* last times */
    size_t undecided;
    char reason[200];
};

/* One that waits for a later sign of life. */
struct unmet {
    struct expectation expectation;
    struct sight request;
    char why[160];
};

enum match { MATCH_NO, MATCH_MAYBE, MATCH_YES };

/* What the frames say about an expectation. */
struct outcome_of {
    enum match match;
    struct sight sight;   /* of what matched, or nearly */
    struct sight request; /* of what should be answered */
    bool request_seen;
    char why[128];
    /* Of the ring, good until the next message; or NULL: */
    const struct record *found, *instead; /* what came instead */
    const struct echo *echo;
};

/* Looks through what is kept for what `x` is about. */
void expect_search(const struct expectations *e, const struct expectation *x,
                   struct outcome_of *out);
/* What was seen, or what came instead of what was not: one line. */
void expect_tell(const struct expectation *x, const struct outcome_of *o,
                 char *out, size_t size);
/* Whether what is kept no longer reaches back to `from`. */
bool expect_forgotten(const struct expectations *e, uint64_t from);

#endif
