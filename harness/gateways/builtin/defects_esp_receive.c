/* Defects in ESP: windows for what comes in. */
#include "gateways/builtin/builtin_private.h"

enum {
    SMALL_WINDOW = 16,
    FORGERIES = 20, /* in a row */
    AHEAD = 1000,
    FAR = 1 << 20,
};

/* Received with the anti-replay window out of the way. */
static bool receive_without_window(struct builtin *gateway,
                                   const struct incoming *in)
{
    struct esp_sa *sa = &in->esp->in;
    uint32_t size = sa->window_size;

    sa->window_size = 0;
    cluster_receive(gateway->cluster, in->datagram, in->now);
    sa->window_size = size;
    return true;
}

static enum esp_verdict receive(struct builtin *gateway,
                                const struct incoming *in)
{
    gateway->esp_verdict = ESP_MALFORMED;
    cluster_receive(gateway->cluster, in->datagram, in->now);
    return gateway->esp_verdict;
}

/* Forgeries that change what is accepted afterwards. */
static bool receive_forgery(struct builtin *gateway,
                            struct active_defect *active,
                            const struct incoming *in)
{
    struct esp_sa *sa = &in->esp->in;
    bool uses = active->defect->variant == RECEIVE_FORGERY_USES;

    if (uses && active->flag && in->number == active->count)
        return true; /* "a duplicate" */
    enum esp_verdict verdict = receive(gateway, in);
    if (uses && verdict == ESP_FORGED) {
        active->flag = true;
        active->count = in->number;
    } else if (!uses && verdict == ESP_FORGED) {
        if (++active->count == FORGERIES)
            esp_learn(sa, sa->sequence + AHEAD);
    } else if (!uses) {
        active->count = 0;
    }
    return true;
}

/* What moves the window, and how far. */
static bool receive_moving(struct builtin *gateway,
                           const struct active_defect *active,
                           const struct incoming *in)
{
    struct esp_sa *sa = &in->esp->in;
    uint64_t before = sa->sequence;
    enum esp_verdict verdict = receive(gateway, in);

    switch (active->defect->variant) {
    case RECEIVE_FORGERY_MOVES:
        if (verdict == ESP_FORGED)
            esp_learn(sa, in->number);
        break;
    case RECEIVE_REPLAY_MOVES:
        if (verdict == ESP_REPLAYED)
            esp_learn(sa, sa->sequence + 1);
        break;
    case RECEIVE_JUMP_FILLS:
        if (verdict == ESP_ACCEPTED && sa->sequence > before + 1) {
            uint64_t highest = sa->sequence--;
            esp_learn(sa, highest);
        }
        break;
    }
    return true;
}

/* Numbers that are not accepted although they are new. */
static bool is_refused(const struct active_defect *active,
                       const struct esp_sa *sa, uint64_t number)
{
    uint64_t behind = sa->sequence > number ? sa->sequence - number : 0;

    switch (active->defect->variant) {
    case RECEIVE_SMALL_WINDOW:
        return behind >= SMALL_WINDOW;
    case RECEIVE_ONE_SHORT:
        return behind == sa->window_size - 1;
    case RECEIVE_IN_ORDER:
        return number <= sa->sequence;
    case RECEIVE_JUMP_DROPPED:
        return number > sa->sequence + FAR;
    case RECEIVE_HIGH_STAYS:
        return number >> 32;
    case RECEIVE_EDGE_STAYS:
        return number >> 32 < sa->sequence >> 32;
    default:
        return false;
    }
}

static bool receive_esp(struct builtin *gateway, struct active_defect *active,
                        const struct incoming *in)
{
    if (!in->esp)
        return false;
    struct esp_sa *sa = &in->esp->in;
    uint64_t behind = sa->sequence > in->number ? sa->sequence - in->number : 0;
    bool late = in->number <= sa->sequence;

    switch ((enum esp_receive_variant)active->defect->variant) {
    case RECEIVE_REPLAYED:
        return late && behind < sa->window_size &&
               receive_without_window(gateway, in);
    case RECEIVE_OLD:
        return late && behind >= sa->window_size &&
               receive_without_window(gateway, in);
    case RECEIVE_WITHOUT_WINDOW:
        return receive_without_window(gateway, in);
    case RECEIVE_FORGERY_USES:
    case RECEIVE_FORGERIES_MOVE:
        return receive_forgery(gateway, active, in);
    case RECEIVE_FORGERY_MOVES:
    case RECEIVE_REPLAY_MOVES:
    case RECEIVE_JUMP_FILLS:
        return receive_moving(gateway, active, in);
    case RECEIVE_NO_RESYNC:
        sa->failures = 0;
        return false;
    default:
        return is_refused(active, sa, in->number);
    }
}

/* A new SA goes on with the window of the one before. */
static void continue_window(struct builtin *gateway,
                            struct active_defect *active, struct ike_sa *sa,
                            const struct ike_event *event)
{
    struct node *node = cluster_active(gateway->cluster);

    if (active->defect->variant != RECEIVE_CONTINUES || !sa ||
        event->kind != IKE_EVENT_CHILD_UP)
        return;
    struct node_esp *esp = node_esp_find(node, event->child->spi_in);
    uint64_t highest = 0;
    for (const struct child_sa *c = sa->children; c; c = c->next) {
        struct node_esp *other = node_esp_find(node, c->spi_in);
        if (other && other->in.sequence > highest)
            highest = other->in.sequence;
    }
    if (esp)
        esp_learn(&esp->in, highest);
}

const struct defect_ops defect_esp_receive = {.incoming = receive_esp,
                                              .event = continue_window};
