/* Messages being composed. */
#include "ike/ike_private.h"

#include <stdlib.h>

void ike_header_for(const struct ike_sa *sa, uint8_t exchange, bool response,
                    uint32_t message_id, struct ike_header *out)
{
    *out = (struct ike_header){.version = IKE_VERSION_2,
                               .exchange = exchange,
                               .flags = response ? IKE_FLAG_RESPONSE : 0,
                               .message_id = message_id};
    if (!sa)
        return;
    out->spi_i = sa->spi_i;
    out->spi_r = sa->spi_r;
    if (sa->initiator)
        out->flags |= IKE_FLAG_INITIATOR;
}

void draft_start(struct draft *draft, const struct ike_sa *sa, uint8_t exchange,
                 bool response, uint32_t message_id)
{
    draft->message.count = 0;
    draft->arena = (struct arena){0};
    ike_header_for(sa, exchange, response, message_id, &draft->message.header);
}

void draft_free(struct draft *draft)
{
    arena_free(&draft->arena);
}

void draft_add_octets(struct draft *draft, uint8_t type, struct bytes body)
{
    ike_message_add(&draft->message, type, arena_copy(&draft->arena, body));
}

void draft_add(struct draft *draft, uint8_t type, struct buffer *body)
{
    draft_add_octets(draft, type, buffer_view(body));
    buffer_free(body);
}

static void add_notify(struct draft *draft, const struct ike_notify *notify)
{
    struct buffer body = {0};
    ike_notify_encode(notify, &body);
    draft_add(draft, PAYLOAD_NOTIFY, &body);
}

void draft_notify(struct draft *draft, uint16_t type, struct bytes data)
{
    struct ike_notify notify = {.type = type, .data = data};
    add_notify(draft, &notify);
}

void draft_notify_spi(struct draft *draft, uint16_t type, uint32_t spi)
{
    uint8_t octets[4];
    write_u32(octets, spi);
    struct ike_notify notify = {.protocol = PROTOCOL_ESP,
                                .type = type,
                                .spi = bytes_of(octets, sizeof octets)};
    add_notify(draft, &notify);
}

void draft_id(struct draft *draft, uint8_t type,
              const struct ike_id_payload *id)
{
    struct buffer body = {0};
    ike_id_encode(id, &body);
    draft_add(draft, type, &body);
}

void draft_ke(struct draft *draft, uint16_t method, struct bytes data)
{
    struct ike_ke_payload ke = {.method = method, .data = data};
    struct buffer body = {0};
    ike_ke_encode(&ke, &body);
    draft_add(draft, PAYLOAD_KE, &body);
}
