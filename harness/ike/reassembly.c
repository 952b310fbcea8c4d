/* Reassembly of fragmented messages (RFC 7383 2.6), bounded. */
#include "ike/ike_private.h"

#include <stdlib.h>
#include <string.h>

struct reassembly {
    struct reassembly *next; /* the newest first */
    uint32_t message_id;
    bool response;
    uint8_t first; /* type of the first inner payload, from fragment 1 */
    uint16_t total, have;
    size_t octets;
    uint64_t deadline;
    struct fragment {
        bool present;
        uint8_t *data;
        size_t size;
    } fragments[];
};

static void reassembly_free(struct reassembly *r)
{
    for (uint16_t i = 0; i < r->total; i++)
        if (r->fragments[i].data) {
            memory_cleanse(r->fragments[i].data, r->fragments[i].size);
            free(r->fragments[i].data);
        }
    free(r);
}

static struct reassembly **find(struct ike_sa_private *sa,
                                const struct ike_header *header)
{
    bool response = header->flags & IKE_FLAG_RESPONSE;
    struct reassembly **at = &sa->reassemblies;

    while (*at && ((*at)->message_id != header->message_id ||
                   (*at)->response != response))
        at = &(*at)->next;
    return at;
}

static void drop(struct reassembly **at)
{
    struct reassembly *gone = *at;
    *at = gone->next;
    reassembly_free(gone);
}

bool reassembly_is_new(const struct ike_sa_private *sa,
                       const struct ike_header *header,
                       const struct ike_skf_payload *fragment)
{
    bool response = header->flags & IKE_FLAG_RESPONSE;

    for (const struct reassembly *r = sa->reassemblies; r; r = r->next) {
        if (r->message_id != header->message_id || r->response != response)
            continue;
        if (fragment->total == r->total)
            return !r->fragments[fragment->number - 1].present;
        return fragment->total > r->total;
    }
    return true;
}

/* The place for a message of `total` fragments; what was there with fewer is
 * discarded, the oldest one when there are too many. NULL: too large. */
static struct reassembly *start(struct ike_sa_private *sa,
                                const struct received *in, uint16_t total)
{
    struct reassembly **at = find(sa, &in->message.header);
    size_t count = 0;

    struct reassembly *begun = *at;
    if (begun && begun->total == total)
        return begun;
    if (begun)
        drop(at);
    if (total > REASSEMBLY_FRAGMENTS)
        return NULL;
    for (at = &sa->reassemblies; *at; at = &(*at)->next)
        if (++count == REASSEMBLIES_MAX) {
            drop(at);
            break;
        }
    struct reassembly *made =
        memory_take(sizeof *made + total * sizeof made->fragments[0]);
    made->message_id = in->message.header.message_id;
    made->response = in->message.header.flags & IKE_FLAG_RESPONSE;
    made->total = total;
    made->deadline = in->now + retransmission_span(&sa->sa.host->config);
    made->next = sa->reassemblies;
    sa->reassemblies = made;
    return made;
}

bool reassembly_add(struct ike_sa_private *sa, const struct received *in,
                    const struct ike_skf_payload *fragment, uint8_t first,
                    struct bytes content, struct buffer *plaintext,
                    uint8_t *whole_first)
{
    struct reassembly *r = start(sa, in, fragment->total);

    if (!r)
        return false;
    r->octets += content.size;
    if (r->octets > REASSEMBLY_OCTETS) {
        drop(find(sa, &in->message.header));
        return false;
    }
    struct fragment *f = &r->fragments[fragment->number - 1];
    f->present = true;
    f->size = content.size;
    if (content.size) {
        f->data = memory_take(content.size);
        memcpy(f->data, content.data, content.size);
    }
    if (fragment->number == 1)
        r->first = first;
    if (++r->have < r->total)
        return false;
    for (uint16_t i = 0; i < r->total; i++)
        buffer_bytes(plaintext,
                     bytes_of(r->fragments[i].data, r->fragments[i].size));
    *whole_first = r->first;
    drop(find(sa, &in->message.header));
    return true;
}

uint64_t reassembly_deadline(const struct ike_sa_private *sa)
{
    uint64_t deadline = TIME_NEVER;
    for (const struct reassembly *r = sa->reassemblies; r; r = r->next)
        if (r->deadline < deadline)
            deadline = r->deadline;
    return deadline;
}

void reassembly_expire(struct ike_sa_private *sa, uint64_t now)
{
    for (struct reassembly **at = &sa->reassemblies; *at;)
        if ((*at)->deadline <= now)
            drop(at);
        else
            at = &(*at)->next;
}

void reassembly_free_all(struct ike_sa_private *sa)
{
    while (sa->reassemblies)
        drop(&sa->reassemblies);
}
