/* Traffic Selectors: narrowing (RFC 7296 2.9). */
#include "ike/ike_private.h"

#include <string.h>

static int compare(const struct address *a, const struct address *b)
{
    return memcmp(a->octets, b->octets, address_size(a));
}

static bool is_opaque(const struct ike_ts *ts)
{
    return ts->first_port > ts->last_port;
}

static bool any_port(const struct ike_ts *ts)
{
    return ts->first_port == 0 && ts->last_port == UINT16_MAX;
}

static bool intersect_ports(const struct ike_ts *a, const struct ike_ts *b,
                            struct ike_ts *out)
{
    if (is_opaque(a) || is_opaque(b)) { /* 3.13.1: 65535 to 0 */
        const struct ike_ts *opaque = is_opaque(a) ? a : b;
        const struct ike_ts *other = opaque == a ? b : a;
        out->first_port = opaque->first_port;
        out->last_port = opaque->last_port;
        return is_opaque(other) || any_port(other);
    }
    out->first_port =
        a->first_port > b->first_port ? a->first_port : b->first_port;
    out->last_port = a->last_port < b->last_port ? a->last_port : b->last_port;
    return out->first_port <= out->last_port;
}

static bool intersect(const struct ike_ts *a, const struct ike_ts *b,
                      struct ike_ts *out)
{
    if (a->type != b->type ||
        (a->type != TS_IPV4_ADDR_RANGE && a->type != TS_IPV6_ADDR_RANGE))
        return false;
    if (a->protocol && b->protocol && a->protocol != b->protocol)
        return false;
    *out = (struct ike_ts){.type = a->type,
                           .protocol = a->protocol ? a->protocol : b->protocol};
    out->first = compare(&a->first, &b->first) > 0 ? a->first : b->first;
    out->last = compare(&a->last, &b->last) < 0 ? a->last : b->last;
    return compare(&out->first, &out->last) <= 0 && intersect_ports(a, b, out);
}

static bool contains(const struct ike_ts *outer, const struct ike_ts *inner)
{
    struct ike_ts both;
    return intersect(outer, inner, &both) && both.protocol == inner->protocol &&
           both.first_port == inner->first_port &&
           both.last_port == inner->last_port &&
           !compare(&both.first, &inner->first) &&
           !compare(&both.last, &inner->last);
}

bool selectors_within(const struct ike_ts_payload *inner,
                      const struct ike_ts_payload *outer)
{
    for (size_t i = 0; i < inner->count; i++) {
        bool found = false;
        for (size_t j = 0; j < outer->count && !found; j++)
            found = contains(&outer->selectors[j], &inner->selectors[i]);
        if (!found)
            return false;
    }
    return inner->count > 0;
}

/* Adds unless it is covered already, and takes out what it covers. */
static void add(struct ike_ts_payload *set, const struct ike_ts *ts)
{
    size_t kept = 0;

    for (size_t i = 0; i < set->count; i++)
        if (contains(&set->selectors[i], ts))
            return;
    for (size_t i = 0; i < set->count; i++)
        if (!contains(ts, &set->selectors[i]))
            set->selectors[kept++] = set->selectors[i];
    set->count = kept;
    if (set->count < IKE_TS_MAX)
        set->selectors[set->count++] = *ts;
}

/* The whole of what both want: the initiator's first choice is within it
 * whenever the policy allows it. */
bool selectors_narrow(const struct ike_ts_payload *policy,
                      const struct ike_ts_payload *offered,
                      struct ike_ts_payload *out)
{
    struct ike_ts both;

    out->count = 0;
    for (size_t i = 0; i < offered->count; i++)
        for (size_t j = 0; j < policy->count; j++)
            if (intersect(&offered->selectors[i], &policy->selectors[j], &both))
                add(out, &both);
    return out->count > 0;
}

void selectors_policy(const struct ike_ts_payload *config,
                      const struct endpoint *at, struct ike_ts_payload *out)
{
    if (config->count) {
        *out = *config;
        return;
    }
    out->count = 1;
    out->selectors[0] = (struct ike_ts){
        .type =
            at->address.family == 6 ? TS_IPV6_ADDR_RANGE : TS_IPV4_ADDR_RANGE,
        .last_port = UINT16_MAX,
        .first = at->address,
        .last = at->address,
    };
}

void selectors_substitute(struct ike_ts_payload *ts,
                          const struct address *address)
{
    for (size_t i = 0; i < ts->count; i++) {
        const struct ike_ts *s = &ts->selectors[i];
        if (s->first.family != address->family ||
            !address_equal(&s->first, &s->last))
            return;
    }
    for (size_t i = 0; i < ts->count; i++)
        ts->selectors[i].first = ts->selectors[i].last = *address;
}

void selectors_add(struct draft *draft, uint8_t type,
                   const struct ike_ts_payload *ts)
{
    struct buffer body = {0};
    ike_ts_encode(ts, &body);
    draft_add(draft, type, &body);
}
