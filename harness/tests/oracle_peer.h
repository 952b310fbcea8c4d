/* The story that the tests of RFC 6311 for a peer under test begin with. */
#ifndef COUNTERFOIL_TESTS_ORACLE_PEER_H
#define COUNTERFOIL_TESTS_ORACLE_PEER_H

#include "oracle_story.h"

enum { BOTH = 3, IDS = 1 };

/* The gateway initiates, as strongSwan has to; Message IDs 0 and 1 are its. */
static inline void set_up(struct story *s)
{
    establish(s, BOTH, BOTH);
}

/* Requests 0 to 2 of the cluster, request 2 of the gateway. */
static inline void live(struct story *s)
{
    set_up(s);
    for (uint32_t id = 0; id < 3; id++)
        exchange(s, HARNESS, id);
    exchange(s, GATEWAY, 2);
}

static inline struct trace_event *good_sync(struct story *s)
{
    live(s);
    sync_request(s, HARNESS, 0xabcd, 3, 3);
    return sync_response(s, GATEWAY, 0xabcd, 3, 3);
}

static inline void good(struct story *s)
{
    good_sync(s);
    wait_ms(s, 500);
    exchange(s, HARNESS, 3);
    exchange(s, GATEWAY, 3);
}

#endif
