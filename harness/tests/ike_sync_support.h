/* Synchronizations in a pair of endpoints: the member is b, the responder; the
 * peer is a, as with a gateway that initiates. */
#ifndef COUNTERFOIL_TESTS_IKE_SYNC_SUPPORT_H
#define COUNTERFOIL_TESTS_IKE_SYNC_SUPPORT_H

#include "tests/ike_pair.h"

static const uint8_t nonce_1[4] = {1, 2, 3, 4};

static inline struct ike_message_id_sync sync_of(uint32_t m1, uint32_t p1)
{
    struct ike_message_id_sync sync = {.expected_send = m1,
                                       .expected_recv = p1};
    memcpy(sync.nonce, nonce_1, sizeof nonce_1);
    return sync;
}

static inline bool synchronize(struct pair *pair, uint32_t m1, uint32_t p1)
{
    struct ike_message_id_sync sync = sync_of(m1, p1);
    unsigned before = pair->b.events[IKE_EVENT_SYNC];
    struct error error = {{0}};
    ck_assert_msg(
        ike_synchronize(sa_of(&pair->b), &sync, 0, 0, pair->now, &error), "%s",
        error.text);
    pair_settle(pair);
    bool done = pair->b.events[IKE_EVENT_SYNC] == before + 1;
    if (!done)
        ike_abandon_requests(sa_of(&pair->b));
    return done;
}

static inline void keep_b(struct pair *pair, const struct flying *f)
{
    if (side_at(pair, &f->from) != &pair->b || pair->kept.size)
        return;
    buffer_bytes(&pair->kept, f->octets);
    pair->kept_from = f->from;
    pair->kept_to = f->to;
}

static inline void replay(struct pair *pair)
{
    ike_receive(side_at(pair, &pair->kept_to)->host, &pair->kept_from,
                &pair->kept_to, buffer_view(&pair->kept), pair->now);
    pair_settle(pair);
}

#endif
