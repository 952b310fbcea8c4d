/* Life and death of IKE SAs and their Child SAs. */
#include "ike/ike_private.h"

#include <stdlib.h>
#include <string.h>

uint64_t sa_choose_spi(struct ike_host *host)
{
    uint64_t spi;
    do
        spi = rng_u64(host->rng);
    while (!spi || ike_host_find(host, spi));
    return spi;
}

uint64_t sa_remote_spi(const struct ike_sa *sa)
{
    return sa->initiator ? sa->spi_r : sa->spi_i;
}

struct ike_sa *sa_new(struct ike_host *host, uint64_t local_spi,
                      uint64_t remote_spi, bool initiator)
{
    struct ike_sa_private *sa = memory_take(sizeof *sa);

    sa->sa.host = host;
    sa->sa.private = sa;
    sa->sa.initiator = initiator;
    sa->sa.spi_i = initiator ? local_spi : remote_spi;
    sa->sa.spi_r = initiator ? remote_spi : local_spi;
    sa->sa.window = 1;
    sa->sa.peer_window = 1;
    sa->linger = TIME_NEVER;
    sa->local_spi = local_spi;
    HASH_ADD(hh, host->sas, local_spi, sizeof sa->local_spi, sa);
    return &sa->sa;
}

static void handshake_free(struct handshake *handshake)
{
    if (!handshake)
        return;
    buffer_free(&handshake->request);
    buffer_free(&handshake->response);
    buffer_free(&handshake->nonce_i);
    buffer_free(&handshake->nonce_r);
    buffer_free(&handshake->cookie);
    ke_free(handshake->ke);
    free(handshake);
}

void sa_established(struct ike_sa *sa)
{
    sa->state = IKE_STATE_ESTABLISHED;
    priv(sa)->linger = TIME_NEVER;
    handshake_free(priv(sa)->handshake);
    priv(sa)->handshake = NULL;
}

bool sa_is_open(const struct ike_sa *sa)
{
    return sa->state == IKE_STATE_ESTABLISHED ||
           sa->state == IKE_STATE_REKEYED || sa->state == IKE_STATE_DELETING;
}

void sa_close(struct ike_sa *sa, const char *reason)
{
    struct ike_host *host = sa->host;
    struct ike_sa_private *private = priv(sa);

    if (sa->state == IKE_STATE_CLOSED)
        return;
    sa->state = IKE_STATE_CLOSED;
    while (sa->children)
        child_remove(sa, sa->children);
    sa_event(sa, IKE_EVENT_CLOSED, reason);
    timer_remove(private);
    HASH_DEL(host->sas, private);
    private->hh.next = host->closed;
    host->closed = private;
}

void sa_release(struct ike_sa_private *sa)
{
    while (sa->requests)
        request_remove(&sa->sa, sa->requests);
    responses_forget(&sa->sa);
    reassembly_free_all(sa);
    handshake_free(sa->handshake);
    memory_cleanse(sa, sizeof *sa);
    free(sa);
}

void ike_forget(struct ike_sa *sa)
{
    struct ike_host *host = sa->host;

    host_enter(host);
    sa_close(sa, "forgotten");
    host_leave(host);
}

bool sa_protection(const struct ike_sa *sa, bool outgoing,
                   struct protection *out, struct error *error)
{
    const struct ike_keys *keys = &sa->keys;
    bool towards_responder = sa->initiator == outgoing;

    return protection_init(out, &sa->suite,
                           towards_responder ? &keys->ei : &keys->er,
                           towards_responder ? &keys->ai : &keys->ar, error);
}

/* ---- Child SAs ---- */

static bool spi_taken(struct ike_host *host, uint32_t spi)
{
    return ike_host_find_child(host, spi, NULL) != NULL;
}

uint32_t child_choose_spi(struct ike_host *host)
{
    uint32_t spi;
    if (host->ops.choose_spi)
        return host->ops.choose_spi(host->context);
    do
        spi = rng_u32(host->rng);
    while (spi < 256 || spi_taken(host, spi)); /* 1 to 255: RFC 4303 2.1 */
    return spi;
}

struct child_sa *child_install(struct ike_sa *sa, const struct child_sa *child)
{
    struct child_private *made = memory_take(sizeof *made);
    struct child_sa **end = &sa->children;

    made->child = *child;
    made->child.next = NULL;
    made->sa = priv(sa);
    HASH_ADD(hh, sa->host->child_sas, child.spi_in, sizeof child->spi_in, made);
    while (*end)
        end = &(*end)->next;
    *end = &made->child;
    return &made->child;
}

struct child_sa *child_find_in(const struct ike_sa *sa, uint32_t spi_in)
{
    struct child_sa *child = sa->children;
    while (child && child->spi_in != spi_in)
        child = child->next;
    return child;
}

struct child_sa *child_find_out(const struct ike_sa *sa, uint32_t spi_out)
{
    struct child_sa *child = sa->children;
    while (child && child->spi_out != spi_out)
        child = child->next;
    return child;
}

void child_remove(struct ike_sa *sa, struct child_sa *child)
{
    struct child_private *private = (struct child_private *)child;
    struct child_sa **at = &sa->children;

    sa_child_event(sa, IKE_EVENT_CHILD_DOWN, child);
    while (*at != child)
        at = &(*at)->next;
    *at = child->next;
    HASH_DEL(sa->host->child_sas, private);
    free(child->local_ts);
    free(child->remote_ts);
    memory_cleanse(private, sizeof *private);
    free(private);
}

void children_move(struct ike_sa *from, struct ike_sa *to)
{
    struct child_sa **end = &to->children;

    while (*end)
        end = &(*end)->next;
    *end = from->children;
    from->children = NULL;
    for (struct child_sa *c = *end; c; c = c->next)
        ((struct child_private *)c)->sa = priv(to);
}

struct child_ts *child_ts_copy(const struct ike_ts_payload *ts)
{
    size_t size = ts->count * sizeof ts->selectors[0];
    struct child_ts *copy = memory_take(sizeof *copy + size);

    copy->count = ts->count;
    memcpy(copy->selectors, ts->selectors, size);
    for (size_t i = 0; i < copy->count; i++)
        copy->selectors[i].raw = (struct bytes){0};
    return copy;
}

void child_ts_expand(const struct child_ts *ts, struct ike_ts_payload *out)
{
    out->count = ts->count;
    memcpy(out->selectors, ts->selectors, ts->count * sizeof ts->selectors[0]);
}

/* ---- What the embedder may force ---- */

void ike_set_counters(struct ike_sa *sa, uint32_t next_send,
                      uint32_t next_receive)
{
    sa->next_send = next_send;
    sa->next_receive = next_receive;
    priv(sa)->send_exhausted = false;
    priv(sa)->receive_exhausted = false;
    responses_forget(sa);
}

void ike_move(struct ike_sa *sa, const struct address *local)
{
    sa->local.address = *local;
}

void ike_abandon_requests(struct ike_sa *sa)
{
    while (priv(sa)->requests)
        request_remove(sa, priv(sa)->requests);
    timer_update(priv(sa));
}

size_t ike_outstanding(const struct ike_sa *sa, uint32_t *ids, size_t max)
{
    size_t count = 0;
    for (const struct request *r = priv(sa)->requests; r && count < max;
         r = r->next)
        if (r->sent && r->kind != REQUEST_SYNC)
            ids[count++] = r->message_id;
    return count;
}
