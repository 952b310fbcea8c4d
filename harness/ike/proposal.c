/* Security Association payloads: offering suites and choosing one
 * (RFC 7296 2.7, 3.3). */
#include "ike/ike_private.h"

#include <string.h>

static void add(struct ike_proposal *proposal, uint8_t type, uint16_t id,
                uint16_t key_length)
{
    proposal->transforms[proposal->count++] = (struct ike_transform){
        .type = type, .id = id, .key_length = key_length};
}

/* Exactly one transform of each type that `suite` needs. */
static void proposal_of(const struct suite *suite, uint8_t protocol,
                        bool with_ke, struct ike_proposal *out)
{
    *out = (struct ike_proposal){.number = 1, .protocol = protocol};
    add(out, TRANSFORM_ENCR, suite->encr, suite->encr_bits);
    if (protocol == PROTOCOL_IKE)
        add(out, TRANSFORM_PRF, suite->prf, 0);
    if (suite->integ != AUTH_NONE)
        add(out, TRANSFORM_INTEG, suite->integ, 0);
    if (with_ke && suite->ke != KE_NONE)
        add(out, TRANSFORM_KE, suite->ke, 0);
    if (protocol == PROTOCOL_ESP)
        add(out, TRANSFORM_ESN, suite->esn, 0);
}

void proposal_offer(const struct suite *suites, size_t count, uint8_t protocol,
                    struct bytes spi, bool with_ke, struct buffer *out)
{
    struct ike_sa_payload sa = {0};

    for (size_t i = 0; i < count && i < IKE_SUITES_MAX; i++) {
        proposal_of(&suites[i], protocol, with_ke, &sa.proposals[i]);
        sa.proposals[i].number = (uint8_t)(i + 1);
        sa.proposals[i].spi = spi;
        sa.count++;
    }
    ike_sa_encode(&sa, out);
}

static bool offers(const struct ike_proposal *proposal,
                   const struct ike_transform *wanted)
{
    for (size_t i = 0; i < proposal->count; i++) {
        const struct ike_transform *t = &proposal->transforms[i];
        if (t->type == wanted->type && t->id == wanted->id &&
            t->key_length == wanted->key_length && !t->other_attributes)
            return true;
    }
    return false;
}

static bool has_type(const struct ike_proposal *proposal, uint8_t type)
{
    for (size_t i = 0; i < proposal->count; i++)
        if (proposal->transforms[i].type == type)
            return true;
    return false;
}

/* Does `offer` contain `wanted`, and for every other transform type that it
 * contains the choice of none? On success `wanted` is the answer: exactly one
 * transform of each type in the offer (2.7, 3.3.6). */
static bool fits(const struct ike_proposal *offer, struct ike_proposal *wanted)
{
    if (offer->protocol != wanted->protocol)
        return false;
    for (size_t i = 0; i < wanted->count; i++)
        if (!offers(offer, &wanted->transforms[i]))
            return false;
    for (size_t i = 0; i < offer->count; i++) {
        uint8_t type = offer->transforms[i].type;
        struct ike_transform none = {.type = type};
        if (has_type(wanted, type))
            continue;
        if ((type != TRANSFORM_INTEG && type != TRANSFORM_KE) ||
            !offers(offer, &none))
            return false;
        add(wanted, type, 0, 0);
    }
    wanted->number = offer->number;
    wanted->spi = offer->spi;
    return true;
}

static void suite_taken(const struct suite *suite, uint8_t protocol,
                        bool with_ke, struct suite *out)
{
    *out = *suite;
    if (protocol != PROTOCOL_IKE)
        out->prf = 0;
    if (!with_ke)
        out->ke = KE_NONE;
}

bool proposal_choose(const struct suite *suites, size_t count, uint8_t protocol,
                     const struct ike_sa_payload *offer, bool with_ke,
                     struct suite *chosen, struct ike_proposal *answer)
{
    for (size_t i = 0; i < count && i < IKE_SUITES_MAX; i++)
        for (size_t j = 0; j < offer->count; j++) {
            proposal_of(&suites[i], protocol, with_ke, answer);
            if (!fits(&offer->proposals[j], answer))
                continue;
            suite_taken(&suites[i], protocol, with_ke, chosen);
            return true;
        }
    return false;
}

bool proposal_accept(const struct suite *suites, size_t count, uint8_t protocol,
                     const struct ike_sa_payload *answer, bool with_ke,
                     struct suite *chosen, struct error *error)
{
    if (answer->count != 1)
        return error_set(error, "%zu proposals chosen, not 1", answer->count);
    const struct ike_proposal *taken = &answer->proposals[0];
    if (!taken->number || taken->number > count ||
        taken->number > IKE_SUITES_MAX)
        return error_set(error, "proposal %u chosen of %zu", taken->number,
                         count);
    const struct suite *suite = &suites[taken->number - 1];
    struct ike_proposal ours;
    proposal_of(suite, protocol, with_ke, &ours);
    size_t own = ours.count;
    if (!fits(taken, &ours) || taken->count != ours.count || taken->count < own)
        return error_set(error, "proposal %u came back changed", taken->number);
    suite_taken(suite, protocol, with_ke, chosen);
    return true;
}

void proposal_answer(struct draft *draft, const struct ike_proposal *answer,
                     struct bytes spi)
{
    struct ike_sa_payload sa = {.count = 1};
    struct buffer body = {0};

    sa.proposals[0] = *answer;
    sa.proposals[0].spi = spi;
    ike_sa_encode(&sa, &body);
    draft_add(draft, PAYLOAD_SA, &body);
}
