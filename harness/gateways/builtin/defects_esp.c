/* Defects in ESP: numbers and IVs that go out, windows for what comes in. */
#include "gateways/builtin/builtin_private.h"

enum { EVERY = 3, SMALL_WINDOW = 16 };

/* ---- Sending ---- */

static void send_esp(struct builtin *gateway, struct active_defect *active,
                     struct node_esp *esp, struct esp_override *override)
{
    bool now = ++active->count % EVERY == 0;

    (void)gateway;
    switch ((enum esp_send_variant)active->defect->variant) {
    case SEND_NUMBER_TWICE:
        override->has_sequence = now && esp->out.sequence;
        override->sequence = esp->out.sequence;
        break;
    case SEND_IV_TWICE:
        override->has_iv = now && esp->out.sequence;
        override->iv = esp_iv(&esp->out, esp->out.sequence);
        break;
    case SEND_FROM_0:
        override->has_sequence =
            !esp->out.sequence && active->spi != esp->spi_out;
        override->sequence = 0;
        active->spi = esp->spi_out;
        break;
    case SEND_CONSTANT:
        override->has_sequence = true;
        override->sequence = 1;
        break;
    case SEND_CYCLES:
        if (!esp->out.suite.esn && esp->out.sequence == UINT32_MAX)
            esp->out.sequence = 0;
        break;
    }
}

const struct defect_ops defect_esp_send = {.esp = send_esp};

/* ---- Receiving ---- */

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
    case RECEIVE_SMALL_WINDOW:
        return behind >= SMALL_WINDOW;
    case RECEIVE_IN_ORDER:
        return late;
    case RECEIVE_FORGERY_MOVES:
        gateway->esp_verdict = ESP_ACCEPTED;
        cluster_receive(gateway->cluster, in->datagram, in->now);
        if (gateway->esp_verdict == ESP_FORGED)
            esp_learn(sa, in->number);
        return true;
    }
    return false;
}

const struct defect_ops defect_esp_receive = {.incoming = receive_esp};
