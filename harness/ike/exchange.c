/* What CREATE_CHILD_SA exchanges have in common (RFC 7296 1.3). */
#include "ike/ike_private.h"

#include <stdlib.h>
#include <string.h>

struct exchange *exchange_new(struct ike_host *host, uint16_t ke_method,
                              struct error *error)
{
    struct exchange *made = memory_take(sizeof *made);

    rng_fill(host->rng, made->nonce, sizeof made->nonce);
    made->ke_method = ke_method;
    if (ke_method == KE_NONE)
        return made;
    made->ke = ke_new(host->crypto, ke_method, host->rng, error);
    if (made->ke)
        return made;
    exchange_free(made);
    return NULL;
}

void exchange_free(struct exchange *exchange)
{
    if (!exchange)
        return;
    ke_free(exchange->ke);
    memory_cleanse(exchange, sizeof *exchange);
    free(exchange);
}

uint16_t message_refusal(const struct ike_message *message,
                         struct ike_notify *out)
{
    for (size_t i = 0; i < message->count; i++)
        if (message->payloads[i].type == PAYLOAD_NOTIFY &&
            ike_notify_decode(message->payloads[i].body, out, NULL) &&
            out->type < 16384)
            return out->type;
    return 0;
}

uint16_t refusal_ke(const struct ike_notify *notify, const struct suite *suites,
                    size_t count)
{
    if (notify->type != INVALID_KE_PAYLOAD || notify->data.size != 2)
        return KE_NONE;
    uint16_t method = read_u16(notify->data.data);
    for (size_t i = 0; i < count && i < IKE_SUITES_MAX; i++)
        if (suites[i].ke == method)
            return method;
    return KE_NONE;
}

bool exchange_secret(const struct exchange *exchange,
                     const struct ike_message *message, uint16_t method,
                     struct buffer *secret, struct error *error)
{
    const struct ike_payload *p = ike_message_find(message, PAYLOAD_KE);
    struct ike_ke_payload ke;

    if (method == KE_NONE)
        return true;
    if (!p || !ike_ke_decode(p->body, &ke, error))
        return error_set(error, "no KE payload for method %u", method);
    if (ke.method != method || exchange->ke_method != method || !exchange->ke)
        return error_set(error, "KE payload of method %u, not %u", ke.method,
                         method);
    return ke_shared(exchange->ke, ke.data, secret, error);
}

/* 2.8.1: octet by octet, and the shorter one is the lower. */
int nonce_compare(struct bytes a, struct bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    if (order)
        return order;
    return a.size < b.size ? -1 : a.size > b.size;
}

void nonce_lower(struct nonce *lower, struct bytes a, struct bytes b)
{
    struct bytes low = nonce_compare(a, b) <= 0 ? a : b;
    lower->size =
        low.size < sizeof lower->octets ? low.size : sizeof lower->octets;
    memcpy(lower->octets, low.data, lower->size);
}
