/*
 * Stories for the oracle: what a gateway under test and the harness say to
 * each other, as trace events that are opened already, so that no keys are
 * needed. A conforming story can be mangled as a bad capture would be.
 */
#ifndef COUNTERFOIL_TESTS_ORACLE_STORY_H
#define COUNTERFOIL_TESTS_ORACLE_STORY_H

#include "oracle/oracle.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STORY_EVENTS = 512 };

/* Who speaks. */
enum who { HARNESS, GATEWAY };

struct story {
    struct arena arena;
    struct trace_event *events[STORY_EVENTS];
    size_t count;
    uint64_t time;
    bool gateway_responds; /* to IKE_SA_INIT; else it is the initiator */
    bool notes;            /* a run's record goes with it */
    uint64_t spi_i, spi_r;
    bool swapped; /* roles after a rekey of the other side */
    struct crypto *crypto;
};

static const struct address story_addresses[2] = {
    [HARNESS] = {4, {192, 0, 2, 1}}, [GATEWAY] = {4, {192, 0, 2, 2}}};

static inline void story_init(struct story *s)
{
    *s = (struct story){.time = 1000 * NS_PER_S,
                        .spi_i = UINT64_C(0x1111111111111111),
                        .spi_r = UINT64_C(0x2222222222222222),
                        .crypto = crypto_new()};
}

static inline void story_free(struct story *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->events[i]->note)
            json_decref((json_t *)(uintptr_t)s->events[i]->note);
    arena_free(&s->arena);
    crypto_free(s->crypto);
}

static inline void wait_ms(struct story *s, uint64_t ms)
{
    s->time += ms * NS_PER_MS;
}

static inline struct trace_event *add_event(struct story *s,
                                            enum trace_kind kind, enum who who)
{
    struct trace_event *e = arena_take(&s->arena, sizeof *e);
    ck_assert_uint_lt(s->count, STORY_EVENTS);
    s->events[s->count++] = e;
    s->time += NS_PER_MS;
    e->kind = kind;
    e->time = s->time;
    e->packet.source = (struct endpoint){story_addresses[who], PORT_IKE_NAT};
    e->packet.destination =
        (struct endpoint){story_addresses[1 - who], PORT_IKE_NAT};
    return e;
}

/* ---- IKE ---- */

static inline bool is_initiator(const struct story *s, enum who who)
{
    return (who == GATEWAY) != (s->gateway_responds != s->swapped);
}

static inline struct trace_event *message(struct story *s, enum who who,
                                          uint8_t exchange, bool response,
                                          uint32_t id)
{
    struct trace_event *e = add_event(s, TRACE_IKE, who);
    e->packet.kind = PACKET_IKE;
    e->ike.status =
        exchange == IKE_SA_INIT ? TRACE_IKE_CLEAR : TRACE_IKE_OPENED;
    e->ike.header_valid = true;
    e->ike.header = (struct ike_header){
        .spi_i = s->spi_i,
        .spi_r = exchange == IKE_SA_INIT && !response ? 0 : s->spi_r,
        .version = IKE_VERSION_2,
        .exchange = exchange,
        .flags = (uint8_t)((is_initiator(s, who) ? IKE_FLAG_INITIATOR : 0) |
                           (response ? IKE_FLAG_RESPONSE : 0)),
        .message_id = id};
    return e;
}

static inline struct trace_event *request(struct story *s, enum who who,
                                          uint8_t exchange, uint32_t id)
{
    return message(s, who, exchange, false, id);
}

static inline struct trace_event *response(struct story *s, enum who who,
                                           uint8_t exchange, uint32_t id)
{
    return message(s, who, exchange, true, id);
}

static inline void add_payload(struct story *s, struct trace_event *e,
                               uint8_t type, struct bytes body)
{
    ck_assert(
        ike_message_add(&e->ike.message, type, arena_copy(&s->arena, body)));
}

static inline void add_notify_of(struct story *s, struct trace_event *e,
                                 const struct ike_notify *notify)
{
    struct buffer body = {0};
    ike_notify_encode(notify, &body);
    add_payload(s, e, PAYLOAD_NOTIFY, buffer_view(&body));
    buffer_free(&body);
}

static inline void add_notify(struct story *s, struct trace_event *e,
                              uint16_t type, const void *data, size_t size)
{
    struct ike_notify notify = {.type = type, .data = bytes_of(data, size)};
    add_notify_of(s, e, &notify);
}

/* An exchange of empty messages, begun by `who`. */
static inline void exchange(struct story *s, enum who who, uint32_t id)
{
    request(s, who, INFORMATIONAL, id);
    response(s, 1 - who, INFORMATIONAL, id);
}

static inline struct trace_event *add_sync(struct story *s,
                                           struct trace_event *e,
                                           uint32_t nonce, uint32_t send,
                                           uint32_t recv)
{
    uint8_t data[12];
    write_u32(data, nonce);
    write_u32(data + 4, send);
    write_u32(data + 8, recv);
    add_notify(s, e, IKEV2_MESSAGE_ID_SYNC, data, sizeof data);
    return e;
}

/* HDR(0), SK {N(16422)}: (m1, p1) in a request, (p2, m2) in a response. */
static inline struct trace_event *sync_request(struct story *s, enum who who,
                                               uint32_t nonce, uint32_t m1,
                                               uint32_t p1)
{
    return add_sync(s, request(s, who, INFORMATIONAL, 0), nonce, m1, p1);
}

static inline struct trace_event *sync_response(struct story *s, enum who who,
                                                uint32_t nonce, uint32_t p2,
                                                uint32_t m2)
{
    return add_sync(s, response(s, who, INFORMATIONAL, 0), nonce, p2, m2);
}

static inline void add_delta(struct story *s, struct trace_event *e,
                             uint32_t delta)
{
    uint8_t data[4];
    write_u32(data, delta);
    add_notify(s, e, IPSEC_REPLAY_COUNTER_SYNC, data, sizeof data);
}

/* An SA payload with one proposal of one ENCR transform. */
static inline void add_sa(struct story *s, struct trace_event *e,
                          uint8_t protocol, uint64_t spi, uint16_t encr)
{
    struct ike_sa_payload *sa = arena_take(&s->arena, sizeof *sa);
    uint8_t octets[8];
    struct buffer body = {0};
    write_u64(octets, spi);
    sa->count = 1;
    sa->proposals[0] = (struct ike_proposal){
        .number = 1,
        .protocol = protocol,
        .spi = protocol == PROTOCOL_IKE ? bytes_of(octets, 8)
                                        : bytes_of(octets + 4, 4),
        .count = 1,
        .transforms = {{.type = TRANSFORM_ENCR, .id = encr, .key_length = 256}},
    };
    ike_sa_encode(sa, &body);
    add_payload(s, e, PAYLOAD_SA, buffer_view(&body));
    buffer_free(&body);
}

enum { SPI_OF_HARNESS = 0x48000001, SPI_OF_GATEWAY = 0x47000001 };

/* IKE_SA_INIT and IKE_AUTH, one Child SA pair; bit 0 and 1 of `asserted` are
 * 16420 and 16421, of the initiator and of the responder. */
static inline void establish(struct story *s, int initiator, int responder)
{
    enum who i = s->gateway_responds ? HARNESS : GATEWAY, r = 1 - i;
    struct trace_event *e;

    request(s, i, IKE_SA_INIT, 0);
    response(s, r, IKE_SA_INIT, 0);
    for (int side = 0; side < 2; side++) {
        enum who who = side ? r : i;
        int asserted = side ? responder : initiator;
        e = message(s, who, IKE_AUTH, side, 1);
        add_payload(s, e, PAYLOAD_AUTH, bytes_of("\2\0\0\0x", 5));
        if (asserted & 1)
            add_notify(s, e, IKEV2_MESSAGE_ID_SYNC_SUPPORTED, NULL, 0);
        if (asserted & 2)
            add_notify(s, e, IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED, NULL, 0);
        add_sa(s, e, PROTOCOL_ESP,
               who == GATEWAY ? SPI_OF_GATEWAY : SPI_OF_HARNESS,
               ENCR_AES_GCM_16);
    }
}

/* An IKE SA rekey by `who` under Message ID `id`; the story goes on with the
 * new one. */
static inline void rekey_ike(struct story *s, enum who who, uint32_t id)
{
    uint64_t spi_i = s->spi_i + 1, spi_r = s->spi_r + 1;
    struct trace_event *e = request(s, who, CREATE_CHILD_SA, id);
    add_sa(s, e, PROTOCOL_IKE, spi_i, ENCR_AES_GCM_16);
    add_payload(s, e, PAYLOAD_KE, bytes_of("\0\37\0\0public", 10));
    e = response(s, 1 - who, CREATE_CHILD_SA, id);
    add_sa(s, e, PROTOCOL_IKE, spi_r, ENCR_AES_GCM_16);
    add_payload(s, e, PAYLOAD_KE, bytes_of("\0\37\0\0public", 10));
    s->spi_i = spi_i;
    s->spi_r = spi_r;
    s->swapped = (who == GATEWAY) == s->gateway_responds;
}

/* ---- ESP ---- */

/* From `who`, with one octet of content. */
static inline struct trace_event *esp(struct story *s, enum who who,
                                      uint32_t sequence, uint8_t content)
{
    struct trace_event *e = add_event(s, TRACE_ESP, who);
    uint32_t spi = who == GATEWAY ? SPI_OF_HARNESS : SPI_OF_GATEWAY;
    uint8_t octets[25] = {0};
    write_u32(octets, spi);
    write_u32(octets + 4, sequence);
    write_u32(octets + 12, sequence);
    octets[16] = content;
    struct bytes all = arena_copy(&s->arena, bytes_of(octets, sizeof octets));
    e->packet.kind = PACKET_ESP;
    e->esp = (struct trace_esp){
        .status = TRACE_ESP_OPENED,
        .packet = {spi, sequence, bytes_slice(all, 8, SIZE_MAX)},
        .octets = all,
        .iv = bytes_slice(all, 8, 8),
        .counter_mode = true,
        .sequence = sequence,
        .next_header = IP_IPIP};
    return e;
}

static inline void esp_run(struct story *s, enum who who, uint32_t from,
                           uint32_t to)
{
    for (uint32_t n = from; n <= to; n++)
        esp(s, who, n, (uint8_t)n);
}

static inline void set_iv(struct story *s, struct trace_event *e, uint64_t iv)
{
    uint8_t octets[8];
    write_u64(octets, iv);
    e->esp.iv = arena_copy(&s->arena, bytes_of(octets, 8));
}

/* ---- Notes ---- */

static inline void note(struct story *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline void note(struct story *s, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    struct trace_event *e = add_event(s, TRACE_NOTE, HARNESS);
    e->note = json_loads(text, 0, NULL);
    ck_assert_msg(e->note != NULL, "%s", text);
}

static inline void note_run(struct story *s, const char *role)
{
    s->notes = true;
    note(s,
         "{\"event\":\"run\",\"role\":\"%s\",\"under_test\":[\"192.0.2.2\"],"
         "\"harness\":[\"192.0.2.1\"]}",
         role);
}

static inline void note_end(struct story *s)
{
    size_t frames = 0;
    for (size_t i = 0; i < s->count; i++)
        frames += s->events[i]->kind != TRACE_NOTE;
    note(s, "{\"event\":\"capture\",\"frames\":%zu,\"dropped\":0}", frames);
    note(s, "{\"event\":\"end\"}");
}

/* ---- Playing ---- */

/* Octets that differ wherever the content or the place in the story does. */
static inline void seal(struct story *s, struct trace_event *e, size_t place)
{
    uint8_t digest[32];
    struct buffer octets = {0};
    if (e->kind != TRACE_IKE || e->ike.octets.size)
        return;
    e->ike.message.header = e->ike.header;
    ike_message_encode(&e->ike.message, &octets);
    buffer_u32(&octets, (uint32_t)place);
    e->ike.octets = arena_copy(&s->arena, buffer_view(&octets));
    hash_sha256(s->crypto, e->ike.octets, digest);
    memcpy(e->ike.digest, digest, sizeof e->ike.digest);
    buffer_free(&octets);
}

/* The same frame again, now. */
static inline struct trace_event *again(struct story *s, struct trace_event *e)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->events[i] == e)
            seal(s, e, i);
    struct trace_event *copy = add_event(s, e->kind, HARNESS);
    uint64_t time = copy->time;
    *copy = *e;
    copy->time = time;
    return copy;
}

/* The content of `e` once more, sealed anew. */
static inline struct trace_event *resealed(struct story *s,
                                           struct trace_event *e)
{
    struct trace_event *copy = again(s, e);
    copy->ike.octets = bytes_of(NULL, 0);
    return copy;
}

/* A frame at one place in a capture. */
struct placed {
    struct trace_event *event;
    uint64_t time;
};

static inline struct oracle *judge_frames(struct story *s,
                                          const struct placed *frames,
                                          size_t count, bool whole)
{
    struct oracle_options options = {.under_test = &story_addresses[GATEWAY],
                                     .under_test_count = 1,
                                     .capture_is_whole = whole};
    struct oracle *oracle = oracle_new(&options);
    uint64_t frame = 0;
    for (size_t i = 0; i < s->count; i++)
        seal(s, s->events[i], i);
    for (size_t i = 0; i < count; i++) {
        struct trace_event *e = frames[i].event;
        uint64_t time = e->time;
        e->time = frames[i].time;
        e->frame = e->kind == TRACE_NOTE ? 0 : ++frame;
        oracle_event(oracle, e);
        e->time = time;
    }
    oracle_finish(oracle, true);
    return oracle;
}

static inline struct oracle *judge_story(struct story *s)
{
    struct placed frames[STORY_EVENTS];
    for (size_t i = 0; i < s->count; i++)
        frames[i] = (struct placed){s->events[i], s->events[i]->time};
    return judge_frames(s, frames, s->count, !s->notes);
}

/* ---- What was found ---- */

static inline void print_findings(const struct oracle *oracle)
{
    for (size_t i = 0; i < oracle_finding_count(oracle); i++) {
        const struct finding *f = oracle_finding(oracle, i);
        fprintf(stderr, "  %s %s [%s] frames", verdict_name(f->verdict),
                f->clause->id, f->sa);
        for (size_t n = 0; n < f->frame_count; n++)
            fprintf(stderr, " %llu", (unsigned long long)f->frames[n]);
        fprintf(stderr, ": expected %s, seen %s (%s)\n", f->expected, f->seen,
                f->reading);
    }
}

static inline size_t count_findings(const struct oracle *oracle,
                                    const char *clause, enum verdict verdict)
{
    size_t count = 0;
    for (size_t i = 0; i < oracle_finding_count(oracle); i++) {
        const struct finding *f = oracle_finding(oracle, i);
        count += f->verdict == verdict &&
                 (!clause || strcmp(f->clause->id, clause) == 0);
    }
    return count;
}

static inline uint64_t times_judged(const struct oracle *oracle,
                                    const char *clause)
{
    for (size_t i = 0; i < oracle_tally_count(oracle); i++) {
        const struct clause_tally *tally = oracle_tally(oracle, i);
        if (strcmp(tally->clause->id, clause) == 0)
            return tally->judged;
    }
    return 0;
}

/* One finding of this clause and verdict; no other failure or warning. */
static inline void check_only(const struct oracle *oracle, const char *clause,
                              enum verdict verdict)
{
    size_t failures = count_findings(oracle, NULL, VERDICT_FAIL);
    size_t warnings = count_findings(oracle, NULL, VERDICT_WARNING);
    size_t found = count_findings(oracle, clause, verdict);
    bool ok = found == 1 &&
              (verdict == VERDICT_INCONCLUSIVE ? failures + warnings == 0
                                               : failures + warnings == 1);
    if (!ok)
        print_findings(oracle);
    ck_assert_msg(ok, "wanted one %s of %s", verdict_name(verdict), clause);
}

static inline void check_clean(const struct oracle *oracle)
{
    bool ok = count_findings(oracle, NULL, VERDICT_FAIL) == 0 &&
              count_findings(oracle, NULL, VERDICT_WARNING) == 0;
    if (!ok)
        print_findings(oracle);
    ck_assert_msg(ok, "a conforming story was found fault with");
}

/* ---- Bad captures of good stories ---- */

static inline uint32_t draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(*state >> 33);
}

/* Frames lost, doubled and swapped at random, the first few perhaps not
 * captured at all; notes stay. Half of the seeds keep each frame's own time,
 * the others give it the time of its new place. */
static inline size_t mangle(struct story *s, uint64_t seed,
                            struct placed *frames)
{
    uint64_t state = seed;
    size_t count = 0;
    size_t start = draw(&state) % 4 ? 0 : draw(&state) % s->count;
    unsigned loss = 1 + draw(&state) % 20;
    for (size_t i = 0; i < s->count; i++) {
        struct placed frame = {s->events[i], s->events[i]->time};
        bool is_note = frame.event->kind == TRACE_NOTE;
        if (is_note && json_object_get(frame.event->note, "dropped"))
            continue; /* the capture does not claim to be whole */
        if (!is_note && (i < start || draw(&state) % 100 < loss))
            continue;
        frames[count++] = frame;
        if (!is_note && draw(&state) % 8 == 0)
            frames[count++] = frame;
    }
    for (size_t i = 0; i + 1 < count; i++) {
        if (draw(&state) % 8 || frames[i].event->kind == TRACE_NOTE ||
            frames[i + 1].event->kind == TRACE_NOTE)
            continue;
        struct placed other = frames[i];
        frames[i] = frames[i + 1];
        frames[i + 1] = other;
        if (seed & 1) {
            frames[i + 1].time = frames[i].time;
            frames[i].time = other.time;
        }
    }
    return count;
}

static inline void shut(struct story *s, bool shut)
{
    for (size_t i = 0; i < s->count; i++) {
        struct trace_event *e = s->events[i];
        if (e->kind == TRACE_IKE && e->ike.status == TRACE_IKE_OPENED && shut)
            e->ike.status = TRACE_IKE_NO_KEY;
        if (e->kind == TRACE_ESP && e->esp.status == TRACE_ESP_OPENED && shut)
            e->esp.status = TRACE_ESP_NO_KEY;
    }
}

/* Never a failure, however the capture came out; with keys, then without. */
static inline void check_fair(struct story *s, int seeds)
{
    struct placed frames[2 * STORY_EVENTS];
    for (int pass = 0; pass < 2; pass++) {
        for (int seed = 0; seed < seeds; seed++) {
            size_t count = mangle(s, (uint64_t)seed, frames);
            struct oracle *oracle = judge_frames(s, frames, count, false);
            if (count_findings(oracle, NULL, VERDICT_FAIL)) {
                print_findings(oracle);
                ck_abort_msg("seed %d, pass %d", seed, pass);
            }
            oracle_free(oracle);
        }
        shut(s, true);
    }
}

typedef void story_fn(struct story *s);

/* The story is conforming, was really put to the test on `clause`, and stays
 * free of failures in any bad capture of it. */
static inline void conforms(story_fn *tell, const char *clause)
{
    struct story s;
    story_init(&s);
    tell(&s);
    struct oracle *oracle = judge_story(&s);
    check_clean(oracle);
    ck_assert_msg(times_judged(oracle, clause) > 0, "%s was not judged",
                  clause);
    oracle_free(oracle);
    check_fair(&s, 400);
    story_free(&s);
}

/* Nothing is found, in a capture without faults. */
static inline void passes(story_fn *tell)
{
    struct story s;
    story_init(&s);
    tell(&s);
    struct oracle *oracle = judge_story(&s);
    check_clean(oracle);
    oracle_free(oracle);
    story_free(&s);
}

static inline void violates(story_fn *tell, const char *clause,
                            enum verdict verdict)
{
    struct story s;
    story_init(&s);
    tell(&s);
    struct oracle *oracle = judge_story(&s);
    check_only(oracle, clause, verdict);
    oracle_free(oracle);
    story_free(&s);
}

/* Two rows of the catalogue describe this one violation: a failure of each,
 * and nothing else. */
static inline void violates_both(story_fn *tell, const char *one,
                                 const char *other)
{
    struct story s;
    story_init(&s);
    tell(&s);
    struct oracle *oracle = judge_story(&s);
    bool ok = count_findings(oracle, one, VERDICT_FAIL) == 1 &&
              count_findings(oracle, other, VERDICT_FAIL) == 1 &&
              count_findings(oracle, NULL, VERDICT_FAIL) == 2 &&
              count_findings(oracle, NULL, VERDICT_WARNING) == 0;
    if (!ok)
        print_findings(oracle);
    ck_assert_msg(ok, "wanted one fail of %s and one of %s", one, other);
    oracle_free(oracle);
    story_free(&s);
}

#endif
