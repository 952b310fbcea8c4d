/* Conforming behaviour that some rule once took for a fault. */
#include "oracle_rfc7296_support.h"

/* ---- RFC 7296 2.25: CHILD_SA_NOT_FOUND ---- */

/* The answer to the harness's rekey was lost further on, so that it does not
 * know of the new pair, says so, and the gateway drops it in silence. */
static void dropped_for_not_found(struct story *s)
{
    establish(s, 0, 0);
    asks_child_rekey(s, HARNESS, 0, SPI_OF_HARNESS, NEW_OF_HARNESS, 7);
    struct trace_event *answer = grants_child(s, GATEWAY, 0, NEW_OF_GATEWAY, 9);
    asks_child_rekey(s, GATEWAY, 2, NEW_OF_GATEWAY, NEW_OF_GATEWAY + 1, 3);
    refuses(s, HARNESS, 2, CHILD_SA_NOT_FOUND);
    again(s, answer);
    rekey_ike(s, GATEWAY, 3);
    asks_child_rekey(s, HARNESS, 0, NEW_OF_HARNESS, NEW_OF_HARNESS + 1, 5);
    refuses(s, GATEWAY, 0, CHILD_SA_NOT_FOUND);
}

/* ---- RFC 7296 1.4: what could not be received ---- */

/* The answer to the gateway's rekey came late: until then it does not know the
 * new IKE SA, on which the harness asks already. */
static void asked_before_it_knew(struct story *s)
{
    establish(s, 0, 0);
    asks_ike_rekey(s, GATEWAY, 2, 0x77, 3);
    struct trace_event *own = s->events[s->count - 1];
    struct trace_event *answer = grants_ike(s, HARNESS, 2, 0x88, 5);
    uint64_t spi_i = s->spi_i, spi_r = s->spi_r;
    s->spi_i = 0x77;
    s->spi_r = 0x88;
    struct trace_event *ping = request(s, HARNESS, INFORMATIONAL, 0);
    for (int i = 0; i < 5; i++) {
        wait_ms(s, 1500);
        again(s, ping);
    }
    s->spi_i = spi_i;
    s->spi_r = spi_r;
    again(s, own);
    again(s, answer);
    s->spi_i = 0x77;
    s->spi_r = 0x88;
    wait_ms(s, 1500);
    exchange(s, GATEWAY, 0);
}

/* It has another address by now. */
static void asked_elsewhere(struct story *s)
{
    establish(s, 0, 0);
    exchange(s, GATEWAY, 2);
    struct trace_event *ping = request(s, HARNESS, INFORMATIONAL, 0);
    for (int i = 0; i < 5; i++) {
        wait_ms(s, 1500);
        again(s, ping);
    }
    wait_ms(s, 1500);
    struct trace_event *e = request(s, GATEWAY, INFORMATIONAL, 3);
    e->packet.source.address.octets[3] = 9;
}

/* ---- A capture that begins in the middle ---- */

/* The Child SA is older than the capture, and has moved to the new IKE SA. */
static void older_than_capture(struct story *s)
{
    exchange(s, GATEWAY, 6);
    rekey_ike(s, HARNESS, 4);
    asks_child_rekey(s, HARNESS, 0, SPI_OF_HARNESS, NEW_OF_HARNESS, 7);
    grants_child(s, GATEWAY, 0, NEW_OF_GATEWAY, 9);
    asks_delete(s, HARNESS, 1, SPI_OF_HARNESS);
    deletes(s, GATEWAY, 1, SPI_OF_GATEWAY);
}

/* ---- Deletes ---- */

/* The answer to its Delete was lost further on: it still sends, and asks
 * again. */
static void answer_was_lost(struct story *s)
{
    establish(s, 0, 0);
    struct trace_event *e = asks_delete(s, GATEWAY, 2, SPI_OF_GATEWAY);
    struct trace_event *answer = deletes(s, HARNESS, 2, SPI_OF_HARNESS);
    wait_ms(s, 2000);
    esp(s, GATEWAY, 1, 1);
    wait_ms(s, 2000);
    again(s, e);
    again(s, answer);
}

/* The harness has replaced what the gateway is about to rekey, in a request
 * that does not arrive; then it rekeys the IKE SA. */
static void rekeys_what_is_gone(struct story *s)
{
    establish(s, 0, 0);
    asks_child_rekey(s, GATEWAY, 2, SPI_OF_GATEWAY, NEW_OF_GATEWAY, 3);
    asks_child_rekey(s, HARNESS, 0, SPI_OF_HARNESS, NEW_OF_HARNESS, 7);
    grants_child(s, GATEWAY, 0, NEW_OF_GATEWAY + 1, 9);
    asks_delete(s, HARNESS, 1, SPI_OF_HARNESS);
    deletes(s, GATEWAY, 1, SPI_OF_GATEWAY);
    asks_ike_rekey(s, HARNESS, 2, 0x77, 3);
    grants_ike(s, GATEWAY, 2, 0x88, 5);
}

static void add_ah_delete(struct story *s, struct trace_event *e, uint8_t spi)
{
    uint8_t octets[8] = {PROTOCOL_AH, 4, 0, 1, 0xaa, 0, 0, spi};
    add_payload(s, e, PAYLOAD_DELETE, bytes_of(octets, sizeof octets));
}
static void delete_of_ah(struct story *s)
{
    establish(s, 0, 0);
    add_ah_delete(s, request(s, HARNESS, INFORMATIONAL, 0), 1);
    add_ah_delete(s, response(s, GATEWAY, INFORMATIONAL, 0), 2);
}

/* 3.11 permits Deletes of several protocols in one message. */
static void delete_of_both(struct story *s)
{
    establish(s, 0, 0);
    struct trace_event *e = asks_delete(s, HARNESS, 0, SPI_OF_HARNESS);
    add_payload(s, e, PAYLOAD_DELETE, bytes_of("\1\0\0\0", 4));
    deletes(s, GATEWAY, 0, SPI_OF_GATEWAY);
}

/* ---- RFC 7791: a clone leaves the old IKE SA as it is ---- */

static void cloned(struct story *s)
{
    establish(s, 0, 0);
    struct trace_event *e = asks_ike_rekey(s, GATEWAY, 2, 0x77, 3);
    add_notify(s, e, CLONE_IKE_SA, NULL, 0);
    grants_ike(s, HARNESS, 2, 0x88, 5);
    asks_child_rekey(s, GATEWAY, 3, SPI_OF_GATEWAY, NEW_OF_GATEWAY, 7);
    grants_child(s, HARNESS, 3, NEW_OF_HARNESS, 9);
    asks_delete(s, HARNESS, 0, 0);
    deletes(s, GATEWAY, 0, 0);
    wait_ms(s, 2000);
    esp(s, GATEWAY, 1, 1);
}

/* ---- RFC 7296 3.3.2: NONE is what there is without the transform ---- */

static void chooses_none(struct story *s)
{
    establish(s, 0, 0);
    asks_child(s, HARNESS, 0, NEW_OF_HARNESS);
    struct trace_event *e = response(s, GATEWAY, CREATE_CHILD_SA, 0);
    struct ike_sa_payload sa = {
        .count = 1,
        .proposals[0] = {.number = 1,
                         .protocol = PROTOCOL_ESP,
                         .spi = bytes_of("\107\0\0\2", 4),
                         .count = 3,
                         .transforms = {{.type = TRANSFORM_ENCR,
                                         .id = ENCR_AES_GCM_16,
                                         .key_length = 256},
                                        {.type = TRANSFORM_INTEG},
                                        {.type = TRANSFORM_ESN}}}};
    struct buffer body = {0};
    ike_sa_encode(&sa, &body);
    add_payload(s, e, PAYLOAD_SA, buffer_view(&body));
    buffer_free(&body);
    add_nonce(s, e, 9);
}

/* ---- RFC 7296 1.4.1: an answer that came late, and its copies before ---- */

static void copy_after_the_end(struct story *s)
{
    establish(s, 0, 0);
    exchange(s, GATEWAY, 2);
    request(s, GATEWAY, INFORMATIONAL, 3);
    asks_delete(s, HARNESS, 0, 0);
    deletes(s, GATEWAY, 0, 0);
}

START_TEST(review)
{
    static const struct told rows[] = {
        {dropped_for_not_found, "RFC7296-2.25-05", VERDICT_PASS},
        {asked_before_it_knew, NULL, VERDICT_NONE},
        {asked_elsewhere, NULL, VERDICT_NONE},
        {answer_was_lost, "RFC7296-1.4.1-01", VERDICT_INCONCLUSIVE},
        {rekeys_what_is_gone, NULL, VERDICT_NONE},
        {older_than_capture, NULL, VERDICT_NONE},
        {delete_of_ah, NULL, VERDICT_NONE},
        {delete_of_both, NULL, VERDICT_NONE},
        {cloned, NULL, VERDICT_NONE},
        {chooses_none, "RFC7296-2.7-01", VERDICT_PASS},
        {copy_after_the_end, NULL, VERDICT_NONE},
    };
    CHECK_TOLD(rows);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("oracle_review");
    TCase *cases = tcase_create("review");
    tcase_set_timeout(cases, 240);
    tcase_add_test(cases, review);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
