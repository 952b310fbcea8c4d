/* Expectations in words: what was seen, and what came instead. */
#include "oracle/expect_private.h"

#include <inttypes.h>
#include <string.h>

static void append(char *out, size_t size, const char *more)
{
    size_t used = strlen(out);
    if (used + 1 < size)
        say(out + used, size - used, "%s", more);
}

static void name_message(const struct record *r, char *out, size_t size)
{
    say(out, size, "%s %s %" PRIu32, ike_exchange_name(r->exchange),
        r->response ? "response" : "request", r->id);
    if (!r->synced)
        return;
    char values[64];
    say(values, sizeof values,
        r->response ? " (P2 %" PRIu32 ", M2 %" PRIu32 ")"
                    : " (M1 %" PRIu32 ", P1 %" PRIu32 ")",
        r->sync.expected_send, r->sync.expected_recv);
    append(out, size, values);
}

/* What was looked for. */
static void name_wish(const struct expectation *x, char *out, size_t size)
{
    char id[24] = "";
    if (x->id.given)
        say(id, sizeof id, " %" PRIu64, x->id.value);
    say(out, size, "%s%s%s%s",
        x->exchange ? ike_exchange_name(x->exchange) : "",
        x->exchange ? " " : "", x->kind == ANSWER ? "response" : "request", id);
}

static void tell_packet(const struct expectation *x, const struct echo *echo,
                        char *out, size_t size)
{
    if (echo)
        say(out, size,
            "echo reply %u of identifier %u on SPI %08" PRIx32
            ", frame %" PRIu64,
            echo->sequence, echo->identifier, echo->spi, echo->sight.frame);
    else if (x->identifier.given && x->sequence.given)
        say(out, size,
            "no echo reply %" PRIu64 " of identifier %" PRIu64 " was seen",
            x->sequence.value, x->identifier.value);
    else
        say(out, size, "no echo reply of the kind was seen");
}

void expect_tell(const struct expectation *x, const struct outcome_of *o,
                 char *out, size_t size)
{
    char name[80], more[120] = "";

    if (x->kind == DELIVERED || x->kind == UNDELIVERED) {
        tell_packet(x, x->kind == UNDELIVERED ? o->echo : NULL, out, size);
        return;
    }
    if (x->kind == SILENCE || x->kind == NO_REQUEST) {
        if (!o->found)
            return;
        name_message(o->found, name, sizeof name);
        if (x->kind == SILENCE && x->id.given && o->found->id != x->id.value)
            say(more, sizeof more,
                ", which answers under another Message ID than %" PRIu64,
                x->id.value);
        say(out, size, "%s, frame %" PRIu64 "%s", name, o->found->sight.frame,
            more);
        return;
    }
    name_wish(x, name, sizeof name);
    if (o->instead) {
        char instead[80];
        name_message(o->instead, instead, sizeof instead);
        say(more, sizeof more, ", but %s, frame %" PRIu64, instead,
            o->instead->sight.frame);
    } else {
        say(more, sizeof more, ", nor anything else on this IKE SA");
    }
    say(out, size, "no %s%s", name, more);
}
