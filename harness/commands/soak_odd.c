/* Synchronization requests that no conforming member sends: whoever gets one
 * has a rule for it. */
#include <stdlib.h>

#include "commands/soak_private.h"

enum odd {
    ODD_EXTRA_PAYLOAD,
    ODD_SHORT,
    ODD_LONG,
    ODD_CLEAR,
    ODD_MESSAGE_ID,
    ODD_STALE,
    ODD_STALE_DELTA,
    ODD_DELTA_SIZE,
    ODD_CLEAR_DELETE,
};

/* Appends a Notify payload's body. */
static struct bytes notify_body(struct arena *arena, uint16_t type,
                                struct bytes data)
{
    uint8_t *body = arena_take(arena, 4 + data.size);

    write_u16(body + 2, type);
    for (size_t i = 0; i < data.size; i++)
        body[4 + i] = data.data[i];
    return bytes_of(body, 4 + data.size);
}

static void add_sync(struct player *player, const struct ike_sa *sa,
                     enum odd odd, struct ike_message *message,
                     struct arena *arena)
{
    struct ike_message_id_sync sync;
    uint8_t data[16] = {0};
    size_t size = odd == ODD_SHORT ? 8 : odd == ODD_LONG ? 16 : 12;
    bool stale = odd == ODD_STALE || odd == ODD_STALE_DELTA;

    cluster_choose_sync(sa, &player->rng.rng, &sync);
    for (size_t i = 0; i < sizeof sync.nonce; i++)
        data[i] = sync.nonce[i];
    write_u32(data + 4, stale ? 0 : sync.expected_send);
    write_u32(data + 8, sync.expected_recv);
    ike_message_add(
        message, PAYLOAD_NOTIFY,
        notify_body(arena, IKEV2_MESSAGE_ID_SYNC, bytes_of(data, size)));
}

static void add_delta(const struct ike_sa *sa, enum odd odd,
                      struct ike_message *message, struct arena *arena)
{
    uint8_t delta[8] = {0};
    bool esn = sa->children && sa->children->suite.esn;
    size_t size = esn == (odd == ODD_STALE_DELTA) ? 8 : 4;

    write_u32(delta + size - 4, 100000);
    ike_message_add(
        message, PAYLOAD_NOTIFY,
        notify_body(arena, IPSEC_REPLAY_COUNTER_SYNC, bytes_of(delta, size)));
}

static void compose(struct player *player, const struct ike_sa *sa,
                    enum odd odd, struct ike_message *message,
                    struct arena *arena)
{
    static const uint8_t delete_ike[] = {1, 0, 0, 0};
    bool numbered = odd == ODD_MESSAGE_ID || odd == ODD_CLEAR_DELETE;

    ike_header_for(sa, INFORMATIONAL, false, numbered ? sa->next_send : 0,
                   &message->header);
    if (odd == ODD_CLEAR_DELETE) {
        ike_message_add(message, PAYLOAD_DELETE,
                        bytes_of(delete_ike, sizeof delete_ike));
        return;
    }
    add_sync(player, sa, odd, message, arena);
    if (odd == ODD_EXTRA_PAYLOAD)
        ike_message_add(message, PAYLOAD_VENDOR, bytes_of_string("odd"));
    if (odd == ODD_STALE_DELTA || odd == ODD_DELTA_SIZE)
        add_delta(sa, odd, message, arena);
}

void player_odd_sync(struct player *player, uint32_t variant)
{
    enum odd odd = (enum odd)variant;
    struct ike_sa *sa = player_sa(player->cluster);
    struct ike_message *message;
    struct arena arena = {0};
    struct buffer octets = {0};

    if (!sa)
        return;
    message = memory_take(sizeof *message);
    compose(player, sa, odd, message, &arena);
    if (odd == ODD_CLEAR || odd == ODD_CLEAR_DELETE)
        ike_message_encode(message, &octets);
    else
        ike_seal(sa, message, &octets, NULL);
    player_inject(player, "forge", "a request that no member should send");
    node_send_octets(player_node(player->cluster, sa), false, false, &sa->local,
                     &sa->remote, buffer_view(&octets));
    arena_free(&arena);
    buffer_free(&octets);
    free(message);
    player_elapse(player, 50 * NS_PER_MS);
}
