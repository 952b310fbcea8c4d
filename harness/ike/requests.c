/* The requests an embedder can ask for. */
#include "ike/ike_private.h"

#include <string.h>

static bool established(const struct ike_sa *sa, struct error *error)
{
    static const char *const names[] = {[IKE_STATE_INIT] = "in IKE_SA_INIT",
                                        [IKE_STATE_AUTH] = "in IKE_AUTH",
                                        [IKE_STATE_ESTABLISHED] = "established",
                                        [IKE_STATE_REKEYED] = "rekeyed",
                                        [IKE_STATE_DELETING] = "deleting",
                                        [IKE_STATE_CLOSED] = "closed"};

    if (sa->state != IKE_STATE_ESTABLISHED)
        return error_set(error, "the IKE SA is %s", names[sa->state]);
    if (priv(sa)->send_exhausted)
        return error_set(error, "the Message IDs are used up");
    return true;
}

static void go(struct ike_sa *sa, uint64_t now)
{
    struct ike_host *host = sa->host;
    host_enter(host);
    pump(sa, now);
    host_leave(host);
}

bool ike_liveness(struct ike_sa *sa, uint64_t now, struct error *error)
{
    if (!established(sa, error))
        return false;
    request_new(sa, REQUEST_OTHER);
    go(sa, now);
    return true;
}

bool ike_create_child(struct ike_sa *sa, uint64_t now, struct error *error)
{
    if (!established(sa, error))
        return false;
    request_new(sa, REQUEST_NEW_CHILD);
    go(sa, now);
    return true;
}

bool ike_rekey_child(struct ike_sa *sa, struct child_sa *child, uint64_t now,
                     struct error *error)
{
    if (!established(sa, error))
        return false;
    if (request_about(sa, REQUEST_REKEY_CHILD, child->spi_in) ||
        request_about(sa, REQUEST_DELETE_CHILD, child->spi_in))
        return error_set(error, "Child SA %08x is being rekeyed or deleted",
                         child->spi_in);
    request_new(sa, REQUEST_REKEY_CHILD)->spi = child->spi_in;
    go(sa, now);
    return true;
}

bool ike_rekey(struct ike_sa *sa, uint64_t now, struct error *error)
{
    if (!established(sa, error))
        return false;
    if (request_of_kind(sa, REQUEST_REKEY_IKE))
        return error_set(error, "the IKE SA is being rekeyed");
    request_new(sa, REQUEST_REKEY_IKE);
    go(sa, now);
    return true;
}

bool ike_delete_child(struct ike_sa *sa, struct child_sa *child, uint64_t now,
                      struct error *error)
{
    if (!established(sa, error))
        return false;
    child_delete_later(sa, child->spi_in);
    go(sa, now);
    return true;
}

bool ike_delete(struct ike_sa *sa, uint64_t now, struct error *error)
{
    struct request *next;

    if (!sa_is_open(sa) || priv(sa)->send_exhausted)
        return error_set(error, "the IKE SA is not established");
    if (request_of_kind(sa, REQUEST_DELETE_IKE))
        return error_set(error, "the IKE SA is being deleted");
    for (struct request *r = priv(sa)->requests; r; r = next) {
        next = r->next;
        if (!r->sent)
            request_remove(sa, r);
    }
    if (sa->state == IKE_STATE_ESTABLISHED)
        sa->state = IKE_STATE_DELETING;
    request_new(sa, REQUEST_DELETE_IKE);
    go(sa, now);
    return true;
}

bool ike_request(struct ike_sa *sa, const struct ike_message *message,
                 uint64_t now, struct error *error)
{
    if (!established(sa, error))
        return false;
    struct draft *draft = memory_take(sizeof *draft);
    draft->message.header = message->header;
    for (size_t i = 0; i < message->count && i < IKE_PAYLOADS_MAX; i++) {
        draft->message.payloads[i] = message->payloads[i];
        draft->message.payloads[i].body =
            arena_copy(&draft->arena, message->payloads[i].body);
        draft->message.count++;
    }
    request_new(sa, REQUEST_OTHER)->draft = draft;
    go(sa, now);
    return true;
}
