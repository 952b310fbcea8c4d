/* Deadlines: a binary heap of the SAs that wait for something. */
#include "ike/ike_private.h"

#include <stdlib.h>

uint64_t retransmission_span(const struct ike_config *config)
{
    uint64_t span = 0, interval = config->retransmit_first;
    for (unsigned i = 0; i <= config->retransmit_tries && i < 40; i++) {
        span += interval;
        interval *= 2;
    }
    return span;
}

static void place(struct ike_host *host, size_t at, struct ike_sa_private *sa)
{
    host->timers[at - 1] = sa;
    sa->timer = at;
}

static void rise(struct ike_host *host, size_t at)
{
    struct ike_sa_private *sa = host->timers[at - 1];
    for (; at > 1 && host->timers[at / 2 - 1]->deadline > sa->deadline; at /= 2)
        place(host, at, host->timers[at / 2 - 1]);
    place(host, at, sa);
}

static void sink(struct ike_host *host, size_t at)
{
    struct ike_sa_private *sa = host->timers[at - 1];
    for (size_t child = at * 2; child <= host->timer_count; child = at * 2) {
        if (child < host->timer_count &&
            host->timers[child]->deadline < host->timers[child - 1]->deadline)
            child++;
        if (host->timers[child - 1]->deadline >= sa->deadline)
            break;
        place(host, at, host->timers[child - 1]);
        at = child;
    }
    place(host, at, sa);
}

void timer_remove(struct ike_sa_private *sa)
{
    struct ike_host *host = sa->sa.host;
    size_t at = sa->timer;

    if (!at)
        return;
    sa->timer = 0;
    struct ike_sa_private *last = host->timers[--host->timer_count];
    if (last == sa)
        return;
    place(host, at, last);
    rise(host, at);
    sink(host, last->timer);
}

static uint64_t sa_deadline(const struct ike_sa_private *sa)
{
    uint64_t deadline = sa->linger;
    uint64_t reassembly = reassembly_deadline(sa);

    if (reassembly < deadline)
        deadline = reassembly;
    for (const struct request *r = sa->requests; r; r = r->next)
        if (r->sent && r->deadline < deadline)
            deadline = r->deadline;
    return deadline;
}

void timer_update(struct ike_sa_private *sa)
{
    struct ike_host *host = sa->sa.host;
    uint64_t deadline = sa_deadline(sa);

    if (deadline == TIME_NEVER || sa->sa.state == IKE_STATE_CLOSED) {
        timer_remove(sa);
        return;
    }
    sa->deadline = deadline;
    if (!sa->timer) {
        if (host->timer_count == host->timer_capacity) {
            host->timer_capacity =
                host->timer_capacity ? host->timer_capacity * 2 : 8;
            host->timers = memory_resize(host->timers,
                                         host->timer_capacity *
                                             sizeof(struct ike_sa_private *));
        }
        place(host, ++host->timer_count, sa);
    }
    rise(host, sa->timer);
    sink(host, sa->timer);
}

uint64_t ike_deadline(const struct ike_host *host)
{
    uint64_t deadline = seen_deadline(host);
    if (host->timer_count && host->timers[0]->deadline < deadline)
        deadline = host->timers[0]->deadline;
    return deadline;
}

static void timed_out(struct ike_sa *sa, struct request *request)
{
    /* 2.8.2: our own rekeying attempt went nowhere, the peer's succeeded. */
    if (request->kind == REQUEST_REKEY_IKE && request->exchange &&
        request->exchange->collided)
        rekey_abandon(sa, request);
    const char *reason = "timed out";
    if (priv(sa)->handshake && priv(sa)->handshake->refusal)
        reason = priv(sa)->handshake->refusal;
    sa_event(sa, IKE_EVENT_TIMED_OUT, reason);
    if (sa->state != IKE_STATE_CLOSED)
        sa_close(sa, reason);
}

/* The first request that is due; NULL when there is none any more. */
static struct request *due_request(const struct ike_sa_private *sa,
                                   uint64_t now)
{
    for (struct request *r = sa->requests; r; r = r->next)
        if (r->sent && r->deadline <= now)
            return r;
    return NULL;
}

static void expire_requests(struct ike_sa *sa, uint64_t now)
{
    struct request *request;

    while (sa->state != IKE_STATE_CLOSED &&
           (request = due_request(priv(sa), now))) {
        if (request->repeats < sa->host->config.retransmit_tries) {
            request_repeat(sa, request, now);
        } else if (request->kind == REQUEST_SYNC && request->superseded) {
            request_remove(sa, request);
        } else {
            timed_out(sa, request);
            return;
        }
    }
}

static void linger_over(struct ike_sa *sa, uint64_t now)
{
    priv(sa)->linger = TIME_NEVER;
    if (sa->state == IKE_STATE_AUTH)
        sa_close(sa, "IKE_AUTH did not come");
    else /* the peer, who replaced it, should have deleted it long ago */
        ike_delete(sa, now, NULL);
}

void ike_expire(struct ike_host *host, uint64_t now)
{
    host_enter(host);
    seen_expire(host, now);
    while (host->timer_count && host->timers[0]->deadline <= now) {
        struct ike_sa_private *sa = host->timers[0];
        reassembly_expire(sa, now);
        if (sa->linger <= now)
            linger_over(&sa->sa, now);
        if (sa->sa.state != IKE_STATE_CLOSED)
            expire_requests(&sa->sa, now);
        timer_update(sa);
    }
    host_leave(host);
}
