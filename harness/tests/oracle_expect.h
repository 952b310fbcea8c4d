/* Stories with expectations of a scenario. */
#ifndef COUNTERFOIL_TESTS_ORACLE_EXPECT_H
#define COUNTERFOIL_TESTS_ORACLE_EXPECT_H

#include "oracle_story.h"

/* A run in which the gateway initiated; then something is asked, the wait
 * ends, and the gateway is heard once more. */
static inline uint64_t begin(struct story *s)
{
    note_run(s, "peer");
    establish(s, 3, 3);
    exchange(s, HARNESS, 0);
    wait_ms(s, 100);
    return s->time;
}

static inline void finish(struct story *s)
{
    exchange(s, GATEWAY, 2);
    note_end(s);
}

static const char about[] =
    "\"about\":{\"spi_i\":\"1111111111111111\",\"spi_r\":"
    "\"2222222222222222\"";

/* `more` goes into the note behind about's first members: it closes them. */
static inline void expect(struct story *s, const char *kind, uint64_t from,
                          const char *more)
{
    wait_ms(s, 1000);
    note(s,
         "{\"event\":\"expect\",\"kind\":\"%s\",\"from\":%llu,\"until\":%llu,"
         "\"text\":\"as asked\",%s%s}",
         kind, (unsigned long long)from, (unsigned long long)s->time, about,
         more);
}

#define SYNC_1 ",\"exchange\":37,\"message_id\":0,\"nonce\":\"00000001\"}"
#define CLAUSE_05 ",\"clauses\":[\"RFC6311-5.1-05\"]"
#define CLAUSE_04 ",\"clauses\":[\"RFC6311-5-04\"]"
#define CLAUSE_SHOULD ",\"clauses\":[\"RFC7296-2.21.2-01\"]"
#define CLAUSE_MAY ",\"clauses\":[\"RFC7296-2.3-14\"]"

#endif
