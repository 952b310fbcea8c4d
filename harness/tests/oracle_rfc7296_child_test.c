/* The oracle's rules of RFC 7296 about Child SAs and errors. */
#include "oracle_rfc7296_support.h"

/* ---- The end of a pair ---- */

static void child_deleted(struct story *s)
{
    establish(s, 0, 0);
    esp_run(s, GATEWAY, 1, 3);
    asks_delete(s, HARNESS, 0, SPI_OF_HARNESS);
    deletes(s, GATEWAY, 0, SPI_OF_GATEWAY);
    esp(s, GATEWAY, 4, 4); /* on its way */
    wait_ms(s, 2000);
    exchange(s, GATEWAY, 2);
}
static void sends_after_delete(struct story *s)
{
    child_deleted(s);
    esp(s, GATEWAY, 5, 5);
}
static void copy_after_delete(struct story *s)
{
    child_deleted(s);
    for (size_t i = 0; i < s->count; i++)
        if (s->events[i]->kind == TRACE_ESP) {
            again(s, s->events[i]);
            return;
        }
}
static void new_child_has_spi(struct story *s)
{
    child_deleted(s);
    asks_child(s, GATEWAY, 3, NEW_OF_GATEWAY);
    grants_child(s, HARNESS, 3, SPI_OF_HARNESS, 1);
    esp(s, GATEWAY, 1, 5)->esp.key_row = 2;
}
static void gateway_deletes(struct story *s)
{
    establish(s, 0, 0);
    esp_run(s, GATEWAY, 1, 3);
    asks_delete(s, GATEWAY, 2, SPI_OF_GATEWAY);
    deletes(s, HARNESS, 2, SPI_OF_HARNESS);
    wait_ms(s, 2000);
    exchange(s, GATEWAY, 3);
}
static void sends_on_other_half(struct story *s)
{
    gateway_deletes(s);
    esp(s, GATEWAY, 4, 4);
}
static void empty_answer(struct story *s)
{
    establish(s, 0, 0);
    asks_delete(s, HARNESS, 0, SPI_OF_HARNESS);
    deletes(s, GATEWAY, 0, 0);
}
static void cross_deletes(struct story *s)
{
    establish(s, 0, 0);
    esp_run(s, GATEWAY, 1, 3);
    asks_delete(s, GATEWAY, 2, SPI_OF_GATEWAY);
    asks_delete(s, HARNESS, 0, SPI_OF_HARNESS);
    deletes(s, GATEWAY, 0, 0);
    deletes(s, HARNESS, 2, 0);
    wait_ms(s, 2000);
    exchange(s, GATEWAY, 3);
}
static void sends_after_cross(struct story *s)
{
    cross_deletes(s);
    esp(s, GATEWAY, 4, 4);
}
static void cross_with_delete(struct story *s)
{
    establish(s, 0, 0);
    asks_delete(s, GATEWAY, 2, SPI_OF_GATEWAY);
    asks_delete(s, HARNESS, 0, SPI_OF_HARNESS);
    deletes(s, GATEWAY, 0, SPI_OF_GATEWAY);
}
static void ike_deleted(struct story *s)
{
    establish(s, 0, 0);
    esp_run(s, GATEWAY, 1, 3);
    asks_delete(s, HARNESS, 0, 0);
    deletes(s, GATEWAY, 0, 0);
}
static void sends_after_ike_delete(struct story *s)
{
    ike_deleted(s);
    wait_ms(s, 2000);
    esp(s, GATEWAY, 4, 4);
}
static void uses_deleted_ike(struct story *s)
{
    ike_deleted(s);
    wait_ms(s, 2000);
    request(s, GATEWAY, INFORMATIONAL, 2);
}
/* The Child SAs live on under the new IKE SA. */
static void old_ike_deleted(struct story *s)
{
    establish(s, 0, 0);
    esp_run(s, GATEWAY, 1, 3);
    rekey_ike(s, HARNESS, 0);
    s->spi_i--;
    s->spi_r--;
    s->swapped = false;
    asks_delete(s, HARNESS, 1, 0);
    deletes(s, GATEWAY, 1, 0);
    wait_ms(s, 2000);
    esp(s, GATEWAY, 4, 4);
}
static void half_closed(struct story *s, uint32_t spi)
{
    establish(s, 0, 0);
    asks_delete(s, HARNESS, 0, SPI_OF_HARNESS);
    deletes(s, GATEWAY, 0, 0);
    asks_child(s, GATEWAY, 2, spi);
}
static void half_closed_spi_again(struct story *s)
{
    half_closed(s, SPI_OF_GATEWAY);
}
static void another_spi(struct story *s)
{
    child_deleted(s);
    asks_child(s, GATEWAY, 3, NEW_OF_GATEWAY);
    grants_child(s, HARNESS, 3, NEW_OF_HARNESS, 1);
}

START_TEST(ends)
{
    static const struct told rows[] = {
        {child_deleted, "RFC7296-1.4.1-03", VERDICT_PASS},
        {child_deleted, "RFC7296-1.4.1-04", VERDICT_PASS},
        {copy_after_delete, NULL, VERDICT_NONE},
        {new_child_has_spi, NULL, VERDICT_NONE},
        {sends_after_delete, "RFC7296-1.4.1-03", VERDICT_FAIL},
        {gateway_deletes, "RFC7296-1.4.1-02", VERDICT_PASS},
        {sends_on_other_half, "RFC7296-1.4.1-01", VERDICT_FAIL},
        {empty_answer, "RFC7296-1.4.1-04", VERDICT_WARNING},
        {cross_deletes, "RFC7296-1.4.1-06", VERDICT_PASS},
        {cross_deletes, "RFC7296-2.25.1-03", VERDICT_PASS},
        {sends_after_cross, "RFC7296-1.4.1-05", VERDICT_FAIL},
        {cross_with_delete, "RFC7296-1.4.1-06", VERDICT_FAIL},
        {ike_deleted, "RFC7296-1.4.1-07", VERDICT_PASS},
        {old_ike_deleted, NULL, VERDICT_NONE},
        {sends_after_ike_delete, "RFC7296-1.4.1-07", VERDICT_FAIL},
        {uses_deleted_ike, "RFC7296-1.4.1-03", VERDICT_FAIL},
        {another_spi, "RFC7296-1.4.1-09", VERDICT_PASS},
    };
    CHECK_TOLD(rows);
}
END_TEST

/* The empty answer is found fault with, too. */
START_TEST(half_closed_pair)
{
    struct story s;
    story_init(&s);
    half_closed_spi_again(&s);
    struct oracle *oracle = judge_story(&s);
    ck_assert_uint_eq(count_findings(oracle, "RFC7296-1.4.1-09", VERDICT_FAIL),
                      1);
    ck_assert_uint_eq(count_findings(oracle, NULL, VERDICT_FAIL), 1);
    oracle_free(oracle);
    story_free(&s);
}
END_TEST

/* ---- INVALID_SPI, other IKE SAs ---- */

static void says_invalid_spi(struct story *s, uint32_t id, uint32_t spi)
{
    uint8_t data[4];
    write_u32(data, spi);
    add_notify(s, request(s, GATEWAY, INFORMATIONAL, id), INVALID_SPI, data, 4);
    response(s, HARNESS, INFORMATIONAL, id);
}
static void unknown_spi(struct story *s)
{
    establish(s, 0, 0);
    says_invalid_spi(s, 2, 0x12345678);
}
static void dropped_silently(struct story *s)
{
    establish(s, 0, 0);
    wait_ms(s, 60000);
    says_invalid_spi(s, 2, SPI_OF_GATEWAY);
}
static void deleted_and_unknown(struct story *s)
{
    establish(s, 0, 0);
    wait_ms(s, 60000);
    asks_delete(s, GATEWAY, 2, SPI_OF_GATEWAY);
    deletes(s, HARNESS, 2, SPI_OF_HARNESS);
    says_invalid_spi(s, 3, SPI_OF_GATEWAY);
}
static void not_ready(struct story *s)
{
    establish(s, 0, 0);
    asks_child(s, HARNESS, 0, NEW_OF_HARNESS);
    grants_child(s, GATEWAY, 0, NEW_OF_GATEWAY, 1);
    says_invalid_spi(s, 2, NEW_OF_GATEWAY);
}
static void believes_invalid_spi(struct story *s)
{
    uint8_t data[4];
    write_u32(data, SPI_OF_HARNESS);
    establish(s, 0, 0);
    wait_ms(s, 60000);
    add_notify(s, request(s, HARNESS, INFORMATIONAL, 0), INVALID_SPI, data, 4);
    response(s, GATEWAY, INFORMATIONAL, 0);
    says_invalid_spi(s, 2, SPI_OF_GATEWAY);
}

static void second_ike(struct story *s)
{
    s->spi_i += 0x100;
    s->spi_r += 0x100;
    request(s, GATEWAY, IKE_SA_INIT, 0);
    response(s, HARNESS, IKE_SA_INIT, 0);
    for (int side = 0; side < 2; side++) {
        enum who who = side ? HARNESS : GATEWAY;
        struct trace_event *e = message(s, who, IKE_AUTH, side, 1);
        add_payload(s, e, PAYLOAD_AUTH, bytes_of("\2\0\0\0x", 5));
        add_sa(s, e, PROTOCOL_ESP, side ? NEW_OF_HARNESS : NEW_OF_GATEWAY,
               ENCR_AES_GCM_16);
    }
}
static void delete_on_second(struct story *s, uint32_t spi)
{
    establish(s, 0, 0);
    second_ike(s);
    asks_delete(s, GATEWAY, 2, spi);
    deletes(s, HARNESS, 2, 0);
}
static void delete_under_own(struct story *s)
{
    delete_on_second(s, NEW_OF_GATEWAY);
}
static void delete_under_other(struct story *s)
{
    delete_on_second(s, SPI_OF_GATEWAY);
}

/* ---- Heirs ---- */

static void heir_rekeys(struct story *s, bool found)
{
    establish(s, 0, 0);
    rekey_ike(s, HARNESS, 0);
    asks_child_rekey(s, HARNESS, 0, SPI_OF_HARNESS, NEW_OF_HARNESS, 1);
    if (found) {
        grants_child(s, GATEWAY, 0, NEW_OF_GATEWAY, 2);
        return;
    }
    uint8_t spi[4];
    write_u32(spi, SPI_OF_HARNESS);
    struct ike_notify notify = {.protocol = PROTOCOL_ESP,
                                .type = CHILD_SA_NOT_FOUND,
                                .spi = bytes_of(spi, 4)};
    add_notify_of(s, response(s, GATEWAY, CREATE_CHILD_SA, 0), &notify);
}
static void heir_has_child(struct story *s)
{
    heir_rekeys(s, true);
}
static void heir_lost_child(struct story *s)
{
    heir_rekeys(s, false);
}
static void child_delete_on_old(struct story *s)
{
    establish(s, 0, 0);
    rekey_ike(s, GATEWAY, 2);
    s->spi_i--;
    s->spi_r--;
    asks_delete(s, GATEWAY, 3, SPI_OF_GATEWAY);
    deletes(s, HARNESS, 3, 0);
}
static void old_numbering(struct story *s)
{
    establish(s, 0, 0);
    rekey_ike(s, GATEWAY, 2);
    s->spi_i--;
    s->spi_r--;
    asks_delete(s, GATEWAY, 3, 0);
    deletes(s, HARNESS, 3, 0);
}
static void old_numbering_jumps(struct story *s)
{
    establish(s, 0, 0);
    rekey_ike(s, GATEWAY, 2);
    s->spi_i--;
    s->spi_r--;
    asks_delete(s, GATEWAY, 9, 0);
}

START_TEST(whose)
{
    static const struct told rows[] = {
        {unknown_spi, NULL, VERDICT_NONE},
        {deleted_and_unknown, "RFC7296-2.4-16", VERDICT_PASS},
        {dropped_silently, "RFC7296-2.4-16", VERDICT_FAIL},
        {not_ready, "RFC7296-2.8-07", VERDICT_FAIL},
        {believes_invalid_spi, "RFC7296-2.21.4-11", VERDICT_FAIL},
        {delete_under_own, "RFC7296-1.4-03", VERDICT_PASS},
        {delete_under_other, "RFC7296-1.4-03", VERDICT_FAIL},
        {heir_has_child, "RFC7296-2.8-04", VERDICT_PASS},
        {heir_lost_child, "RFC7296-2.8-04", VERDICT_FAIL},
        {child_delete_on_old, "RFC7296-2.8-04", VERDICT_FAIL},
        {old_numbering, "RFC7296-1.3.2-03", VERDICT_PASS},
        {old_numbering_jumps, "RFC7296-1.3.2-03", VERDICT_FAIL},
    };
    CHECK_TOLD(rows);
}
END_TEST

/* ---- Errors ---- */

static void tells_error(struct story *s, bool after_answer)
{
    establish(s, 0, 0);
    if (after_answer) {
        asks_child(s, GATEWAY, 2, NEW_OF_GATEWAY);
        grants_child(s, HARNESS, 2, NEW_OF_HARNESS, 1);
    } else {
        exchange(s, GATEWAY, 2);
    }
    add_notify(s, request(s, GATEWAY, INFORMATIONAL, 3), NO_PROPOSAL_CHOSEN,
               NULL, 0);
}
static void error_about_auth(struct story *s) /* 2.21.2 */
{
    establish(s, 0, 0);
    add_notify(s, request(s, GATEWAY, INFORMATIONAL, 2), TS_UNACCEPTABLE, NULL,
               0);
}
static void error_as_request(struct story *s)
{
    tells_error(s, false);
}
static void error_about_answer(struct story *s)
{
    tells_error(s, true);
}
static void fails_authentication(struct story *s) /* 2.21.2 */
{
    establish(s, 0, 0);
    add_notify(s, request(s, GATEWAY, INFORMATIONAL, 2), AUTHENTICATION_FAILED,
               NULL, 0);
}
static void quiet_after_answer(struct story *s)
{
    establish(s, 0, 0);
    asks_child(s, GATEWAY, 2, NEW_OF_GATEWAY);
    grants_child(s, HARNESS, 2, NEW_OF_HARNESS, 1);
    asks_delete(s, GATEWAY, 3, NEW_OF_GATEWAY);
    deletes(s, HARNESS, 3, NEW_OF_HARNESS);
}
static void critical(struct story *s, uint8_t exchange, uint16_t error)
{
    establish(s, 0, 0);
    struct trace_event *e = request(s, HARNESS, exchange, 0);
    add_payload(s, e, 100, bytes_of("x", 1));
    e->ike.message.payloads[0].flags = IKE_PAYLOAD_CRITICAL;
    e = response(s, GATEWAY, exchange, 0);
    if (error)
        add_notify(s, e, error, "\144", error == 1);
}
static void critical_rejected(struct story *s)
{
    critical(s, CREATE_CHILD_SA, UNSUPPORTED_CRITICAL_PAYLOAD);
}
static void critical_other_error(struct story *s)
{
    critical(s, CREATE_CHILD_SA, NO_PROPOSAL_CHOSEN);
}
static void critical_ignored(struct story *s) /* A17 */
{
    critical(s, INFORMATIONAL, 0);
}
static void critical_auth(struct story *s, bool rejected)
{
    s->gateway_responds = true;
    request(s, HARNESS, IKE_SA_INIT, 0);
    response(s, GATEWAY, IKE_SA_INIT, 0);
    struct trace_event *e = request(s, HARNESS, IKE_AUTH, 1);
    add_payload(s, e, 100, bytes_of("x", 1));
    e->ike.message.payloads[0].flags = IKE_PAYLOAD_CRITICAL;
    e = response(s, GATEWAY, IKE_AUTH, 1);
    if (rejected)
        add_notify(s, e, UNSUPPORTED_CRITICAL_PAYLOAD, "\144", 1);
    else
        add_payload(s, e, PAYLOAD_AUTH, bytes_of("\2\0\0\0x", 5));
}
static void critical_auth_rejected(struct story *s)
{
    critical_auth(s, true);
}
static void critical_auth_accepted(struct story *s)
{
    critical_auth(s, false);
}
static void syntax(struct story *s)
{
    establish(s, 0, 0);
    request(s, HARNESS, INFORMATIONAL, 0);
    add_notify(s, response(s, GATEWAY, INFORMATIONAL, 0), INVALID_SYNTAX, NULL,
               0);
    exchange(s, HARNESS, 1); /* it crossed */
}
static void lives_after_syntax(struct story *s)
{
    syntax(s);
    wait_ms(s, 2000);
    exchange(s, GATEWAY, 2);
}
static void reauthenticates(struct story *s)
{
    establish(s, 0, 0);
    add_rekey_sa(s, s->events[2], SPI_OF_GATEWAY);
}
static void detection(struct story *s, size_t source, size_t destination)
{
    char hash[20] = "not a hash of this";
    establish(s, 0, 0);
    if (source)
        add_notify(s, s->events[0], NAT_DETECTION_SOURCE_IP, hash, source);
    if (destination)
        add_notify(s, s->events[0], NAT_DETECTION_DESTINATION_IP, hash,
                   destination);
}
static void detection_good(struct story *s)
{
    detection(s, 20, 20);
}
static void detection_half(struct story *s)
{
    detection(s, 20, 0);
}
static void detection_short(struct story *s)
{
    detection(s, 20, 16);
}
static void refused_child(struct story *s, bool gives_up)
{
    establish(s, 0, 0);
    asks_child(s, HARNESS, 0, NEW_OF_HARNESS);
    refuses(s, GATEWAY, 0, TS_UNACCEPTABLE);
    if (gives_up)
        asks_delete(s, GATEWAY, 2, 0);
    else
        exchange(s, GATEWAY, 2);
}
static void keeps_ike(struct story *s)
{
    refused_child(s, false);
}
static void gives_up_ike(struct story *s)
{
    refused_child(s, true);
}

START_TEST(errors)
{
    static const struct told rows[] = {
        {error_as_request, "RFC7296-2.21.3-02", VERDICT_WARNING},
        {error_about_answer, "RFC7296-2.21-01", VERDICT_WARNING},
        {error_about_auth, "RFC7296-2.21.3-02", VERDICT_PASS},
        {fails_authentication, "RFC7296-2.21.3-02", VERDICT_PASS},
        {quiet_after_answer, "RFC7296-2.21-01", VERDICT_PASS},
        {critical_rejected, "RFC7296-2.21.3-01", VERDICT_PASS},
        {critical_other_error, "RFC7296-2.21.3-01", VERDICT_FAIL},
        {critical_ignored, "RFC7296-2.21.3-01", VERDICT_WARNING},
        {critical_auth_rejected, "RFC7296-2.21.2-03", VERDICT_PASS},
        {critical_auth_accepted, "RFC7296-2.21.2-03", VERDICT_FAIL},
        {syntax, "RFC7296-2.21.3-03", VERDICT_PASS},
        {lives_after_syntax, "RFC7296-2.21.3-03", VERDICT_FAIL},
        {quiet_after_answer, "RFC7296-2.8.3-01", VERDICT_PASS},
        {reauthenticates, "RFC7296-2.8.3-01", VERDICT_FAIL},
        {detection_good, "RFC7296-2.23-05", VERDICT_PASS},
        {detection_half, "RFC7296-2.23-05", VERDICT_FAIL},
        {detection_short, "RFC7296-2.23-05", VERDICT_FAIL},
        {keeps_ike, "RFC7296-1.3.1-01", VERDICT_PASS},
        {gives_up_ike, "RFC7296-1.3.1-01", VERDICT_WARNING},
    };
    CHECK_TOLD(rows);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("child");
    tcase_add_test(cases, ends);
    tcase_add_test(cases, half_closed_pair);
    tcase_add_test(cases, whose);
    tcase_add_test(cases, errors);
    return run_cases("oracle_rfc7296_child", cases);
}
