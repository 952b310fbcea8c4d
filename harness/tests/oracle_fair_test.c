/*
 * Gateways that nobody here has seen, and captures that are not what they seem:
 * conforming, unusual, and not to be accused.
 */
#include "oracle_story.h"

enum { BOTH = 3, ANOTHER_AUTH_FOLLOWS = 16405 };

/* The gateway initiates; Message IDs 0 and 1 are gone, on the other side none.
 */
static void set_up(struct story *s)
{
    establish(s, BOTH, BOTH);
}

/* The same with some exchanges: the harness has sent 0 to 2. */
static void live(struct story *s)
{
    set_up(s);
    for (uint32_t id = 0; id < 3; id++)
        exchange(s, HARNESS, id);
    exchange(s, GATEWAY, 2);
}

/* `tell` in a capture that may lack frames: nothing but `clause` is wrong
 * (NULL: nothing), which a capture that is whole proves if `whole_fails`. */
static void lossy(story_fn *tell, const char *clause, bool whole_fails)
{
    struct story s;
    struct placed frames[STORY_EVENTS];
    for (int whole = 0; whole < 2; whole++) {
        story_init(&s);
        tell(&s);
        for (size_t i = 0; i < s.count; i++)
            frames[i] = (struct placed){s.events[i], s.events[i]->time};
        struct oracle *oracle = judge_frames(&s, frames, s.count, whole);
        if (clause && (whole || !whole_fails))
            check_only(oracle, clause, VERDICT_FAIL);
        else
            check_clean(oracle);
        oracle_free(oracle);
        story_free(&s);
        if (!whole_fails)
            break;
    }
}

/* ---- ESP: one SPI, several SAs ---- */

static void esp_of(struct story *s, uint32_t row, uint16_t port, uint32_t from,
                   uint32_t to)
{
    for (uint32_t n = from; n <= to; n++) {
        struct trace_event *e = esp(s, GATEWAY, n, (uint8_t)(n + 50 * row));
        e->esp.key_row = row;
        e->packet.in_udp = true;
        e->packet.destination.port = port;
    }
}

static void spi_used_anew(struct story *s)
{
    set_up(s);
    esp_of(s, 1, 4500, 1, 40);
    esp_of(s, 2, 4500, 1, 20);
    esp_of(s, 1, 4500, 41, 42); /* late */
    esp_of(s, 2, 4500, 21, 40);
}
static void spi_used_anew_after_many(struct story *s)
{
    set_up(s);
    esp_of(s, 1, 4500, 5001, 5010);
    wait_ms(s, 20000);
    esp_of(s, 2, 4500, 1, 20);
}
static void twins_behind_nat(struct story *s)
{
    set_up(s);
    for (uint32_t n = 1; n <= 20; n++) {
        esp_of(s, 1, 1024, n, n);
        esp_of(s, 2, 1025, n, n);
    }
}
static void port_moves(struct story *s)
{
    set_up(s);
    esp_of(s, 1, 4500, 1, 20);
    esp_of(s, 1, 1024, 21, 40);
}
static void repeats_after_move(struct story *s)
{
    set_up(s);
    esp_of(s, 1, 4500, 1, 20);
    esp_of(s, 1, 1024, 21, 40);
    struct trace_event *e = esp(s, GATEWAY, 7, 99);
    set_iv(s, e, 1000);
    e->esp.key_row = 1;
}
static void shut_repeat_near_the_end(struct story *s)
{
    set_up(s);
    for (uint32_t n = 5000; n < 5010; n++)
        esp(s, GATEWAY, n, 1)->esp.status = TRACE_ESP_NO_KEY;
    esp(s, GATEWAY, 5005, 2)->esp.status = TRACE_ESP_NO_KEY;
}
/* The copy of a frame that the capture cut. */
static void cut_copy(struct story *s)
{
    set_up(s);
    esp(s, GATEWAY, 1, 1)->esp.status = TRACE_ESP_NO_KEY;
    struct trace_event *e = esp(s, GATEWAY, 1, 1);
    e->esp.status = TRACE_ESP_NO_KEY;
    e->esp.octets = bytes_slice(e->esp.octets, 0, 20);
    e->packet.truncated = true;
    esp(s, GATEWAY, 2, 1)->esp.status = TRACE_ESP_NO_KEY;
}

START_TEST(one_spi_several_sas)
{
    conforms(spi_used_anew, "RFC4303-2.2-01");
    conforms(spi_used_anew_after_many, "RFC4303-2.2-01");
    conforms(twins_behind_nat, "RFC4303-2.2-01");
    conforms(port_moves, "RFC4303-2.2-01");
    conforms(cut_copy, "RFC4303-2.2-01");
    lossy(repeats_after_move, "RFC4303-2.2-01", false);
    lossy(shut_repeat_near_the_end, "RFC4303-2.2-01", false);
}
END_TEST

/* ---- Synchronization ---- */

/* Only the second time of a request and of its answer was captured. */
static void former_answer(struct story *s)
{
    live(s);
    exchange(s, HARNESS, 3);
    exchange(s, GATEWAY, 3);
    sync_request(s, HARNESS, 1, 3, 3);
    sync_response(s, GATEWAY, 1, 3, 3);
}
static void twin_answered(struct story *s)
{
    live(s);
    sync_request(s, HARNESS, 0x1badcafe, 3, 3);
    sync_response(s, GATEWAY, 0x1badcafe, 3, 3);
    sync_request(s, HARNESS, 0x2badcafe, 3, 3);
    sync_response(s, GATEWAY, 0x2badcafe, 3, 3);
}
static void m2_too_low(struct story *s)
{
    live(s);
    sync_request(s, HARNESS, 0x1badcafe, 9, 3);
    sync_response(s, GATEWAY, 0x1badcafe, 3, 8);
}
/* A cluster whose nonces are no good, and a peer that is slow. */
static void same_nonce(struct story *s)
{
    live(s);
    sync_request(s, HARNESS, 1, 3, 3);
    sync_request(s, HARNESS, 1, 5, 3);
    sync_response(s, GATEWAY, 1, 3, 3);
    sync_response(s, GATEWAY, 1, 3, 5);
}
/* Message ID 0 in fragments: first a sync, then the regular one. */
static void fragmented_zero(struct story *s)
{
    establish(s, BOTH, BOTH);
    struct trace_event *e;
    for (uint16_t sync = 0; sync < 2; sync++) {
        for (uint16_t n = 1; n <= 2; n++) {
            e = request(s, HARNESS, INFORMATIONAL, 0);
            e->ike.fragment = n;
            e->ike.fragments = 2;
            e->ike.status = n == 1 ? TRACE_IKE_FRAGMENT : TRACE_IKE_OPENED;
        }
        if (sync == 0) {
            add_sync(s, e, 1, 0, 2);
            sync_response(s, GATEWAY, 1, 2, 0);
        } else {
            response(s, GATEWAY, INFORMATIONAL, 0);
        }
    }
}
/* RFC 4739: the assertion may come with the second authentication. */
static void authenticates_twice(struct story *s)
{
    request(s, GATEWAY, IKE_SA_INIT, 0);
    response(s, HARNESS, IKE_SA_INIT, 0);
    for (uint32_t id = 1; id <= 2; id++)
        for (int side = 0; side < 2; side++) {
            struct trace_event *e =
                message(s, side ? HARNESS : GATEWAY, IKE_AUTH, side, id);
            add_payload(s, e, PAYLOAD_AUTH, bytes_of("\2\0\0\0x", 5));
            if (id == 1 && !side)
                add_notify(s, e, ANOTHER_AUTH_FOLLOWS, NULL, 0);
            if (id == 2)
                add_notify(s, e, IKEV2_MESSAGE_ID_SYNC_SUPPORTED, NULL, 0);
        }
    exchange(s, HARNESS, 0);
    sync_request(s, HARNESS, 1, 1, 3);
    sync_response(s, GATEWAY, 1, 3, 1);
}

START_TEST(syncs)
{
    lossy(former_answer, "RFC6311-5.1-05", true);
    lossy(twin_answered, "RFC6311-5.1-05", false);
    lossy(m2_too_low, "RFC6311-5.1-06", false);
    conforms(same_nonce, "RFC6311-5-04");
    conforms(fragmented_zero, "RFC7296-2.2-03");
    conforms(authenticates_twice, "RFC6311-5.1-06");
}
END_TEST

/* ---- Message IDs ---- */

/* The capture is whole, but its order is not the true one. */
static void answer_first(struct story *s)
{
    set_up(s);
    response(s, GATEWAY, INFORMATIONAL, 0);
    request(s, HARNESS, INFORMATIONAL, 0);
    exchange(s, HARNESS, 1);
}
static void sync_answer_first(struct story *s)
{
    live(s);
    sync_response(s, GATEWAY, 1, 3, 3);
    sync_request(s, HARNESS, 1, 3, 3);
}
/* An answer that took its time, doubled by the capture. */
static void slow_answer(struct story *s)
{
    set_up(s);
    request(s, HARNESS, INFORMATIONAL, 0);
    wait_ms(s, 2500);
    struct trace_event *e = response(s, GATEWAY, INFORMATIONAL, 0);
    again(s, e);
}
/* RFC 4555 3.5: from a new address, with the timer set anew. */
static void moves_while_it_waits(struct story *s)
{
    static const uint64_t gaps[] = {2000, 4000, 8000, 1000, 2000};
    set_up(s);
    struct trace_event *e = request(s, GATEWAY, INFORMATIONAL, 2);
    for (size_t i = 0; i < 5; i++) {
        wait_ms(s, gaps[i]);
        struct trace_event *copy = again(s, e);
        if (i >= 2)
            copy->packet.source.port = 1024;
    }
    response(s, HARNESS, INFORMATIONAL, 2);
}
/* The new window is announced with the rekey. */
static void rekey_with_window(struct story *s)
{
    set_up(s);
    uint64_t spi_i = s->spi_i + 1, spi_r = s->spi_r + 1;
    for (int side = 0; side < 2; side++) {
        struct trace_event *e =
            message(s, side ? HARNESS : GATEWAY, CREATE_CHILD_SA, side, 2);
        add_sa(s, e, PROTOCOL_IKE, side ? spi_r : spi_i, ENCR_AES_GCM_16);
        add_payload(s, e, PAYLOAD_KE, bytes_of("\0\37\0\0public", 10));
        add_notify(s, e, SET_WINDOW_SIZE, "\0\0\0\4", 4);
    }
    s->spi_i = spi_i;
    s->spi_r = spi_r;
    request(s, GATEWAY, INFORMATIONAL, 0);
    request(s, GATEWAY, INFORMATIONAL, 1);
    response(s, HARNESS, INFORMATIONAL, 1);
    response(s, HARNESS, INFORMATIONAL, 0);
}
/* Two requests on their way at once, one overtaking the other, while the
 * harness waits for an answer with one of the two numbers. */
static void overtaken(struct story *s)
{
    set_up(s);
    struct trace_event *e = request(s, HARNESS, INFORMATIONAL, 0);
    add_notify(s, e, SET_WINDOW_SIZE, "\0\0\0\4", 4);
    response(s, GATEWAY, INFORMATIONAL, 0);
    for (uint32_t id = 1; id < 3; id++)
        exchange(s, HARNESS, id);
    request(s, HARNESS, INFORMATIONAL, 3);
    request(s, GATEWAY, INFORMATIONAL, 3);
    request(s, GATEWAY, INFORMATIONAL, 2);
    response(s, GATEWAY, INFORMATIONAL, 3);
    response(s, HARNESS, INFORMATIONAL, 2);
    response(s, HARNESS, INFORMATIONAL, 3);
}

START_TEST(message_ids)
{
    conforms(answer_first, "RFC7296-2.2-03");
    conforms(sync_answer_first, "RFC6311-5.1-10");
    conforms(slow_answer, "RFC7296-2.1-01");
    conforms(moves_while_it_waits, "RFC7296-2.1-09");
    conforms(rekey_with_window, "RFC7296-2.18-01");
    conforms(overtaken, "RFC7296-2.3-06");
}
END_TEST

/* ---- Child SAs ---- */

static void create_child(struct story *s, enum who who, uint32_t id,
                         uint32_t own, uint32_t other)
{
    struct trace_event *e = request(s, who, CREATE_CHILD_SA, id);
    add_sa(s, e, PROTOCOL_ESP, own, ENCR_AES_GCM_16);
    e = response(s, 1 - who, CREATE_CHILD_SA, id);
    add_sa(s, e, PROTOCOL_ESP, other, ENCR_AES_GCM_16);
}

static void delete_child(struct story *s, uint32_t id, uint32_t spi)
{
    uint8_t body[8] = {PROTOCOL_ESP, 4, 0, 1};
    write_u32(body + 4, spi);
    add_payload(s, request(s, GATEWAY, INFORMATIONAL, id), PAYLOAD_DELETE,
                bytes_of(body, sizeof body));
    response(s, HARNESS, INFORMATIONAL, id);
}

/* Both sides count their SPIs up, the harness one ahead. */
static void counts_spis(struct story *s)
{
    enum { CHILDREN = 70 };
    set_up(s);
    for (uint32_t n = 0; n < CHILDREN; n++)
        create_child(s, GATEWAY, 2 + n, 0x1000 + n, 0x1001 + n);
    for (uint32_t n = 0; n < 10; n++)
        delete_child(s, 2 + CHILDREN + n, 0x1000 + n);
}
static void counts_spis_and_confuses_them(struct story *s)
{
    set_up(s);
    create_child(s, GATEWAY, 2, 0x1000, 0x1001);
    delete_child(s, 3, 0x1001);
}
/* Each proposal has an SPI of its own; the second was taken. */
static void spi_for_each_proposal(struct story *s)
{
    set_up(s);
    struct ike_sa_payload *sa = arena_take(&s->arena, sizeof *sa);
    struct buffer body = {0};
    sa->count = 2;
    for (uint8_t n = 0; n < 2; n++)
        sa->proposals[n] = (struct ike_proposal){
            .number = n + 1u,
            .protocol = PROTOCOL_ESP,
            .spi = n ? bytes_of("\0\0\x20\2", 4) : bytes_of("\0\0\x20\1", 4),
            .count = 1,
            .transforms = {{.type = TRANSFORM_ENCR, .id = ENCR_AES_GCM_16}}};
    ike_sa_encode(sa, &body);
    add_payload(s, request(s, GATEWAY, CREATE_CHILD_SA, 2), PAYLOAD_SA,
                buffer_view(&body));
    buffer_free(&body);
    add_sa(s, response(s, HARNESS, CREATE_CHILD_SA, 2), PROTOCOL_ESP, 0x3000,
           ENCR_AES_GCM_16);
    create_child(s, GATEWAY, 3, 0x2003, 0x2002);
    delete_child(s, 4, 0x2002);
}

START_TEST(child_sas)
{
    conforms(counts_spis, "RFC7296-1.4.1-02");
    lossy(counts_spis_and_confuses_them, "RFC7296-1.4.1-02", true);
    conforms(spi_for_each_proposal, "RFC7296-1.4.1-02");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oracle_fair");
    TCase *cases = tcase_create("fair");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, one_spi_several_sas);
    tcase_add_test(cases, syncs);
    tcase_add_test(cases, message_ids);
    tcase_add_test(cases, child_sas);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
