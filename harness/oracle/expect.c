/*
 * Expectations that a scenario wrote into the record of its run.
 *
 * A note comes when the wait has ended, after the frames that it is about; so
 * the last few thousand messages are kept in short form. An expectation whose
 * time is not over yet waits until it is.
 */
#include "oracle/expect_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[KINDS] = {
    "silence", "answer", "request", "no_request", "delivered", "undelivered"};

struct expectations *expectations_new(void)
{
    return memory_take(sizeof(struct expectations));
}

void expectations_free(struct expectations *e)
{
    free(e->records);
    free(e->echoes);
    free(e->pending);
    free(e->unmet);
    free(e);
}

size_t expect_undecided(const struct oracle *oracle, const char **reason)
{
    *reason = oracle->expectations->reason;
    return oracle->expectations->undecided;
}

/* ---- Verdicts ---- */

static void describe(const struct expectation *x, char *out, size_t size)
{
    if (x->text[0])
        say(out, size, "%s", x->text);
    else
        say(out, size, "%s", kind_names[x->kind]);
}

static struct accusation accusation_of(struct oracle *oracle,
                                       const struct expectation *x,
                                       enum clause_id clause)
{
    /* An answer that is missing may be lost; one too many may be the copy of
     * an earlier one that was lost. */
    struct accusation a = {
        .clause = clause,
        .needs_whole = true,
        .from_start = true,
        .finding = {.clause = clause_nth(clause),
                    .verdict = VERDICT_FAIL,
                    .time = x->until < x->time ? x->until : x->time,
                    .subject = oracle->expectations->subject,
                    .from_scenario = true}};
    if (x->kind < DELIVERED)
        sa_name(&x->key, a.finding.sa, sizeof a.finding.sa);
    else if (x->spi.given)
        say(a.finding.sa, sizeof a.finding.sa, "ESP %08" PRIx32,
            (uint32_t)x->spi.value);
    describe(x, a.finding.expected, sizeof a.finding.expected);
    return a;
}

static void undecided(struct expectations *e, const struct expectation *x,
                      const char *reason)
{
    if (e->undecided++)
        return;
    char what[128];
    describe(x, what, sizeof what);
    say(e->reason, sizeof e->reason, "undecided: %s: %s", what, reason);
}

void expect_lowered(struct oracle *oracle, const struct finding *finding)
{
    struct expectations *e = oracle->expectations;
    if (e->undecided++ == 0)
        say(e->reason, sizeof e->reason, "undecided: %s: %s", finding->expected,
            finding->seen);
}

/* One finding for each clause. */
static void find(struct oracle *oracle, const struct expectation *x,
                 const struct outcome_of *o, enum verdict verdict,
                 const char *seen)
{
    struct expectations *e = oracle->expectations;
    if (verdict == VERDICT_INCONCLUSIVE)
        undecided(e, x, seen);
    else if (x->clause_count == 0)
        undecided(e, x, "what the scenario needed was not seen");
    for (size_t i = 0; i < x->clause_count; i++) {
        struct accusation a = accusation_of(oracle, x, x->clauses[i]);
        a.finding.verdict = verdict;
        a.needs_whole = verdict == VERDICT_FAIL;
        accuse_frame(&a, &o->request);
        accuse_frame(&a, &o->sight);
        if (o->sight.time)
            a.finding.time = o->sight.time;
        SEEN(&a, "%s", seen);
        submit_plain(oracle, &a);
    }
}

static const char *maybe_reason(const struct expectation *x)
{
    if (x->kind == SILENCE)
        return "a message that could not be opened, or is a copy";
    return x->kind == DELIVERED || x->kind == UNDELIVERED
               ? "ESP that could not be opened"
               : "messages that could not be opened";
}

static bool wants(enum expect_kind kind)
{
    return kind == ANSWER || kind == REQUEST || kind == DELIVERED;
}

/* Kept until a sign of life, or the end. */
static void keep_unmet(struct expectations *e, const struct expectation *x,
                       const struct outcome_of *o)
{
    if (e->unmet_count == PENDING_MAX)
        return;
    if (!e->unmet)
        e->unmet = memory_take(PENDING_MAX * sizeof *e->unmet);
    struct unmet *u = &e->unmet[e->unmet_count++];
    *u = (struct unmet){*x, o->request, ""};
    expect_tell(x, o, u->why, sizeof u->why);
}

static void unmet_wish(struct oracle *oracle, const struct expectation *x,
                       const struct outcome_of *o)
{
    struct expectations *e = oracle->expectations;
    char why[160];
    expect_tell(x, o, why, sizeof why);
    if (o->sight.time)
        find(oracle, x, o, VERDICT_FAIL, o->why);
    else if (oracle->died)
        find(oracle, x, o, VERDICT_FAIL, oracle->died_text);
    else if (e->gateway_seen > x->until || e->alive >= x->from)
        find(oracle, x, o, VERDICT_FAIL, why);
    else
        keep_unmet(e, x, o);
}

static void decide(struct oracle *oracle, const struct expectation *x,
                   bool complete)
{
    struct expectations *e = oracle->expectations;
    struct outcome_of o = {.match = MATCH_NO};
    char what[160];

    expect_search(e, x, &o);
    bool found = o.match == MATCH_YES;
    for (size_t i = 0; i < x->clause_count && (found || o.request_seen); i++)
        judged(oracle, x->clauses[i]);
    if (found && !wants(x->kind)) {
        expect_tell(x, &o, what, sizeof what);
        find(oracle, x, &o, VERDICT_FAIL, what);
    } else if (found)
        return;
    else if (!o.request_seen)
        find(oracle, x, &o, VERDICT_INCONCLUSIVE,
             "the request is not in the capture");
    else if (o.match == MATCH_MAYBE)
        find(oracle, x, &o, VERDICT_INCONCLUSIVE, maybe_reason(x));
    else if (expect_forgotten(e, x->from))
        find(oracle, x, &o, VERDICT_INCONCLUSIVE,
             "too many messages to remember since");
    else if (!complete)
        find(oracle, x, &o, VERDICT_INCONCLUSIVE,
             "the capture broke off before");
    else if (wants(x->kind))
        unmet_wish(oracle, x, &o);
}

void expect_until(struct oracle *oracle, uint64_t time)
{
    struct expectations *e = oracle->expectations;
    size_t kept = 0;
    for (size_t i = 0; i < e->pending_count; i++) {
        if (e->pending[i].until < time)
            decide(oracle, &e->pending[i], true);
        else
            e->pending[kept++] = e->pending[i];
    }
    e->pending_count = kept;
}

/* What was unmet fails once the gateway is known to have been there. */
static void settle_unmet(struct oracle *oracle)
{
    struct expectations *e = oracle->expectations;
    for (size_t i = 0; i < e->unmet_count; i++) {
        const struct unmet *u = &e->unmet[i];
        struct outcome_of o = {.request = u->request};
        if (oracle->died)
            find(oracle, &u->expectation, &o, VERDICT_FAIL, oracle->died_text);
        else if (e->gateway_seen > u->expectation.until ||
                 e->alive >= u->expectation.from)
            find(oracle, &u->expectation, &o, VERDICT_FAIL, u->why);
        else
            find(oracle, &u->expectation, &o, VERDICT_INCONCLUSIVE,
                 "nothing more came from the gateway at all");
    }
    e->unmet_count = 0;
}

void expect_finish(struct oracle *oracle, bool complete)
{
    struct expectations *e = oracle->expectations;
    for (size_t i = 0; i < e->pending_count; i++)
        decide(oracle, &e->pending[i], complete);
    e->pending_count = 0;
    settle_unmet(oracle);
}

/* ---- Notes ---- */

static struct optional number_of(const json_t *from, const char *member)
{
    const json_t *value = json_object_get(from, member);
    return (struct optional){json_is_integer(value),
                             (uint64_t)json_integer_value(value)};
}

static bool hex_octets(const json_t *value, uint8_t *out, size_t size)
{
    const char *text = json_string_value(value);
    if (!text || strlen(text) != 2 * size)
        return false;
    for (size_t i = 0; i < size; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], 0};
        char *end;
        out[i] = (uint8_t)strtoul(pair, &end, 16);
        if (*end)
            return false;
    }
    return true;
}

static uint64_t spi_of(const json_t *about, const char *member)
{
    uint8_t octets[8];
    return hex_octets(json_object_get(about, member), octets, 8)
               ? read_u64(octets)
               : 0;
}

static size_t types_of(const json_t *value, uint16_t *out)
{
    size_t count = 0;
    if (json_is_integer(value))
        out[count++] = (uint16_t)json_integer_value(value);
    for (size_t i = 0; i < json_array_size(value) && count < TYPES_KEPT; i++)
        out[count++] = (uint16_t)json_integer_value(json_array_get(value, i));
    return count;
}

static void read_about(struct expectation *x, const json_t *about)
{
    x->key.spi_i = spi_of(about, "spi_i");
    x->key.spi_r = spi_of(about, "spi_r");
    x->exchange = (uint8_t)number_of(about, "exchange").value;
    if (x->kind == SILENCE || x->kind == ANSWER)
        x->id = number_of(about, "message_id");
    x->has_nonce = hex_octets(json_object_get(about, "nonce"), x->nonce, 4);
    x->has_digest = hex_octets(json_object_get(about, "digest"), x->digest, 16);
}

static void read_clauses(struct expectation *x, const json_t *list)
{
    for (size_t i = 0;
         i < json_array_size(list) && x->clause_count < CLAUSES_KEPT; i++) {
        const char *id = json_string_value(json_array_get(list, i));
        const struct clause *clause = id ? clause_find(id) : NULL;
        if (clause)
            x->clauses[x->clause_count++] =
                (enum clause_id)(clause - clause_nth(0));
    }
}

static bool read_expectation(struct expectation *x, const json_t *note)
{
    const char *kind = json_string_value(json_object_get(note, "kind"));
    size_t n = 0;
    while (n < KINDS && (!kind || strcmp(kind, kind_names[n]) != 0))
        n++;
    if (n == KINDS)
        return false;
    x->kind = (enum expect_kind)n;
    x->from = number_of(note, "from").value;
    struct optional until = number_of(note, "until");
    x->until = until.given ? until.value : UINT64_MAX;
    read_about(x, json_object_get(note, "about"));
    if (x->kind == REQUEST || x->kind == NO_REQUEST)
        x->id = number_of(note, "message_id");
    x->m2 = number_of(note, "m2");
    x->p2 = number_of(note, "p2");
    x->payload = number_of(note, "payload");
    x->again = json_is_true(json_object_get(note, "again"));
    x->identifier = number_of(note, "identifier");
    x->sequence = number_of(note, "sequence");
    x->next_header = number_of(note, "next_header");
    const json_t *esn = json_object_get(note, "esn");
    x->esn = (struct optional){json_is_boolean(esn), json_is_true(esn)};
    x->beyond = number_of(note, "beyond").value;
    uint8_t octets[4];
    if (hex_octets(json_object_get(note, "spi"), octets, 4))
        x->spi = (struct optional){true, read_u32(octets)};
    x->has_answer_nonce =
        hex_octets(json_object_get(note, "nonce"), x->answer_nonce, 4);
    x->notify_count = types_of(json_object_get(note, "notify"), x->notify);
    x->without_count = types_of(json_object_get(note, "without"), x->without);
    read_clauses(x, json_object_get(note, "clauses"));
    const char *text = json_string_value(json_object_get(note, "text"));
    say(x->text, sizeof x->text, "%s", text ? text : "");
    return true;
}

void expect_note(struct oracle *oracle, const json_t *note, uint64_t time)
{
    struct expectations *e = oracle->expectations;
    const char *event = json_string_value(json_object_get(note, "event"));
    struct expectation x = {.time = time};

    if (event && strcmp(event, "alive") == 0)
        e->alive = time;
    if (!event || strcmp(event, "expect") != 0)
        return;
    if (!read_expectation(&x, note) || e->pending_count == PENDING_MAX) {
        undecided(e, &x, "an expectation that cannot be read");
        return;
    }
    if (!e->pending)
        e->pending = memory_take(PENDING_MAX * sizeof *e->pending);
    e->pending[e->pending_count++] = x;
    expect_until(oracle, time);
}
