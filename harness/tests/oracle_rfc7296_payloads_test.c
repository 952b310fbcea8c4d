/* The oracle's rules of RFC 7296 about headers and single messages. */
#include "oracle_rfc7296_support.h"

/* The gateway initiates; its next Message ID is 2, the harness's 0. */
static void set_up(struct story *s)
{
    establish(s, 0, 0);
}

static void rest_of_flow(struct story *s)
{
    for (uint32_t id = 0; id < 4; id++) {
        exchange(s, HARNESS, id);
        exchange(s, GATEWAY, 2 + id);
    }
}

static void flow(struct story *s)
{
    set_up(s);
    rest_of_flow(s);
}

/* ---- Rekeys and Deletes ---- */

static void rekeyed(struct story *s)
{
    flow(s);
    rekey_ike(s, GATEWAY, 6);
    exchange(s, GATEWAY, 0);
    exchange(s, HARNESS, 0);
}
static void rekeyed_by_harness(struct story *s)
{
    flow(s);
    rekey_ike(s, HARNESS, 4);
    exchange(s, GATEWAY, 0);
    exchange(s, HARNESS, 0);
}
static void numbering_goes_on(struct story *s)
{
    flow(s);
    rekey_ike(s, GATEWAY, 6);
    exchange(s, GATEWAY, 7);
}
static void on_old_sa(struct story *s, bool delete_first)
{
    flow(s);
    rekey_ike(s, GATEWAY, 6);
    uint64_t spi_i = s->spi_i, spi_r = s->spi_r;
    s->spi_i--;
    s->spi_r--;
    struct trace_event *e = request(s, GATEWAY, INFORMATIONAL, 7);
    if (delete_first)
        add_payload(s, e, PAYLOAD_DELETE, bytes_of("\1\0\0\0", 4));
    response(s, HARNESS, INFORMATIONAL, 7);
    if (delete_first)
        exchange(s, GATEWAY, 8);
    else
        request(s, GATEWAY, CREATE_CHILD_SA, 8);
    s->spi_i = spi_i;
    s->spi_r = spi_r;
}
static void request_after_delete(struct story *s)
{
    on_old_sa(s, true);
}
static void child_after_rekey(struct story *s)
{
    on_old_sa(s, false);
}
static void deletes_old(struct story *s)
{
    flow(s);
    rekey_ike(s, GATEWAY, 6);
    s->spi_i--;
    s->spi_r--;
    struct trace_event *e = request(s, GATEWAY, INFORMATIONAL, 7);
    add_payload(s, e, PAYLOAD_DELETE, bytes_of("\1\0\0\0", 4));
    response(s, HARNESS, INFORMATIONAL, 7);
}
/* A14: a synchronization abandons what was pending, so it is sent anew. */
static void deletes_old_again(struct story *s)
{
    establish(s, 1, 1);
    rest_of_flow(s);
    rekey_ike(s, GATEWAY, 6);
    s->spi_i--;
    s->spi_r--;
    struct trace_event *e = request(s, GATEWAY, INFORMATIONAL, 7);
    add_payload(s, e, PAYLOAD_DELETE, bytes_of("\1\0\0\0", 4));
    sync_request(s, HARNESS, 1, 4, 8);
    sync_response(s, GATEWAY, 1, 8, 4);
    e = request(s, GATEWAY, INFORMATIONAL, 8);
    add_payload(s, e, PAYLOAD_DELETE, bytes_of("\1\0\0\0", 4));
    response(s, HARNESS, INFORMATIONAL, 8);
}
static void rekeys_again_after_sync(struct story *s)
{
    establish(s, 1, 1);
    rest_of_flow(s);
    rekey_ike(s, GATEWAY, 6); /* its answer was lost further on */
    s->spi_i--;
    s->spi_r--;
    sync_request(s, HARNESS, 1, 4, 7);
    sync_response(s, GATEWAY, 1, 7, 4);
    struct trace_event *e = request(s, GATEWAY, CREATE_CHILD_SA, 7);
    add_sa(s, e, PROTOCOL_IKE, 77, ENCR_AES_GCM_16);
    add_payload(s, e, PAYLOAD_KE, bytes_of("\0\37\0\0public", 10));
}
static struct trace_event *rekey_request(struct story *s)
{
    set_up(s);
    struct trace_event *e = request(s, GATEWAY, CREATE_CHILD_SA, 2);
    add_sa(s, e, PROTOCOL_IKE, 77, ENCR_AES_GCM_16);
    return e;
}
static void rekey_without_ke(struct story *s)
{
    rekey_request(s);
}
static void rekey_with_ts(struct story *s)
{
    struct trace_event *e = rekey_request(s);
    add_payload(s, e, PAYLOAD_KE, bytes_of("\0\37\0\0public", 10));
    add_payload(s, e, PAYLOAD_TSI, bytes_of("\0\0\0\0", 4));
}
static void child_rekey_of(struct story *s, uint32_t spi, uint8_t protocol)
{
    uint8_t octets[4];
    write_u32(octets, spi);
    set_up(s);
    struct trace_event *e = request(s, GATEWAY, CREATE_CHILD_SA, 2);
    struct ike_notify notify = {
        .protocol = protocol, .type = REKEY_SA, .spi = bytes_of(octets, 4)};
    add_notify_of(s, e, &notify);
    response(s, HARNESS, CREATE_CHILD_SA, 2);
}
static void child_rekey(struct story *s)
{
    child_rekey_of(s, SPI_OF_GATEWAY, PROTOCOL_ESP);
}
static void child_rekey_of_other(struct story *s)
{
    child_rekey_of(s, SPI_OF_HARNESS, PROTOCOL_ESP);
}
static void child_rekey_protocol(struct story *s)
{
    child_rekey_of(s, SPI_OF_GATEWAY, PROTOCOL_IKE);
}
static void delete_of(struct story *s, const char *octets, size_t size)
{
    set_up(s);
    struct trace_event *e = request(s, GATEWAY, INFORMATIONAL, 2);
    add_payload(s, e, PAYLOAD_DELETE, bytes_of(octets, size));
    response(s, HARNESS, INFORMATIONAL, 2);
}
static void deletes_own(struct story *s)
{
    delete_of(s, "\3\4\0\1\x47\0\0\1", 8);
}
static void deletes_other(struct story *s)
{
    delete_of(s, "\3\4\0\1\x48\0\0\1", 8);
}
static void delete_answer(struct story *s, bool with_delete)
{
    set_up(s);
    struct trace_event *e = request(s, HARNESS, INFORMATIONAL, 0);
    add_payload(s, e, PAYLOAD_DELETE, bytes_of("\1\0\0\0", 4));
    e = response(s, GATEWAY, INFORMATIONAL, 0);
    if (with_delete)
        add_payload(s, e, PAYLOAD_DELETE, bytes_of("\1\0\0\0", 4));
}
static void delete_answered(struct story *s)
{
    delete_answer(s, false);
}
static void delete_answered_with_delete(struct story *s)
{
    delete_answer(s, true);
}

START_TEST(rekeys_and_deletes)
{
    conforms(rekeyed, "RFC7296-2.18-01");
    conforms(rekeyed, "RFC7296-1.3.2-01");
    conforms(rekeyed, "RFC7296-3.1-08");
    conforms(rekeyed_by_harness, "RFC7296-2.18-01");
    violates(numbering_goes_on, "RFC7296-2.18-01", VERDICT_FAIL);
    conforms(deletes_old, "RFC7296-2.8-05");
    conforms(deletes_old_again, "RFC7296-2.8-05");
    conforms(rekeys_again_after_sync, "RFC7296-1.3.2-02");
    violates(request_after_delete, "RFC7296-2.8-05", VERDICT_FAIL);
    violates(child_after_rekey, "RFC7296-1.3.2-02", VERDICT_WARNING);
    violates(rekey_without_ke, "RFC7296-1.3.2-01", VERDICT_FAIL);
    violates(rekey_with_ts, "RFC7296-1.3.2-01", VERDICT_FAIL);
    conforms(child_rekey, "RFC7296-1.3.3-01");
    violates(child_rekey_of_other, "RFC7296-1.3.3-01", VERDICT_FAIL);
    violates(child_rekey_protocol, "RFC7296-1.3.3-01", VERDICT_FAIL);
    conforms(deletes_own, "RFC7296-1.4.1-02");
    violates(deletes_other, "RFC7296-1.4.1-02", VERDICT_FAIL);
    conforms(delete_answered, "RFC7296-1.4.1-07");
    violates(delete_answered_with_delete, "RFC7296-1.4.1-07", VERDICT_FAIL);
}
END_TEST

/* ---- Headers ---- */

static struct trace_event *last(struct story *s)
{
    flow(s);
    return request(s, GATEWAY, INFORMATIONAL, 6);
}
static void minor_version(struct story *s)
{
    last(s)->ike.header.version = 0x21;
}
static void reserved_flag(struct story *s)
{
    last(s)->ike.header.flags |= 0x01;
}
static void responder_spi(struct story *s)
{
    set_up(s);
    s->events[0]->ike.header.spi_r = 5;
}
static void initial_id(struct story *s)
{
    set_up(s);
    s->events[0]->ike.header.message_id = 1;
}
static void response_flag(struct story *s)
{
    s->gateway_responds = true;
    request(s, HARNESS, IKE_SA_INIT, 0);
    response(s, GATEWAY, IKE_SA_INIT, 0)->ike.header.flags = 0;
}
static void initiator_flag(struct story *s)
{
    last(s)->ike.header.flags ^= IKE_FLAG_INITIATOR;
}
static void initiator_flag_shut(struct story *s)
{
    initiator_flag(s);
    s->events[s->count - 1]->ike.status = TRACE_IKE_BAD_ICV;
}
static void initiator_spi(struct story *s)
{
    request(s, GATEWAY, IKE_SA_INIT, 0)->ike.header.spi_i = 0;
}
static void nested(struct story *s)
{
    struct trace_event *e = last(s);
    add_payload(s, e, PAYLOAD_SK, bytes_of("0123456789abcdef", 16));
}
static void cookies(struct story *s, size_t size, bool first)
{
    request(s, GATEWAY, IKE_SA_INIT, 0);
    struct trace_event *e = response(s, HARNESS, IKE_SA_INIT, 0);
    e->ike.header.spi_r = 0;
    add_notify(s, e, COOKIE, "cookie", 6);
    e = request(s, GATEWAY, IKE_SA_INIT, 0);
    if (!first)
        add_payload(s, e, PAYLOAD_NONCE, bytes_of("0123456789abcdef", 16));
    add_notify(s, e, COOKIE, "cookie", size);
    response(s, HARNESS, IKE_SA_INIT, 0);
}
static void cookie_first(struct story *s)
{
    cookies(s, 6, true);
}
static void cookie_later(struct story *s)
{
    cookies(s, 6, false);
}
static void cookie_given(struct story *s, size_t size)
{
    char data[100] = {0};
    s->gateway_responds = true;
    request(s, HARNESS, IKE_SA_INIT, 0);
    struct trace_event *e = response(s, GATEWAY, IKE_SA_INIT, 0);
    e->ike.header.spi_r = 0;
    add_notify(s, e, COOKIE, data, size);
}
static void cookie_good(struct story *s)
{
    cookie_given(s, 64);
}
static void cookie_too_long(struct story *s)
{
    cookie_given(s, 65);
}

START_TEST(headers)
{
    conforms(flow, "RFC7296-3.1-01");
    conforms(flow, "RFC7296-3.1-02");
    conforms(flow, "RFC7296-3.1-03");
    conforms(flow, "RFC7296-3.1-06");
    conforms(flow, "RFC7296-3.1-08");
    conforms(flow, "RFC7296-3.1-09");
    violates(minor_version, "RFC7296-3.1-03", VERDICT_FAIL);
    violates(reserved_flag, "RFC7296-3.1-03", VERDICT_FAIL);
    violates(responder_spi, "RFC7296-3.1-02", VERDICT_FAIL);
    violates(initial_id, "RFC7296-2.2-02", VERDICT_FAIL);
    violates(response_flag, "RFC7296-3.1-06", VERDICT_FAIL);
    violates(initiator_flag, "RFC7296-3.1-08", VERDICT_FAIL);
    violates(initiator_flag_shut, "RFC7296-3.1-08", VERDICT_FAIL);
    violates(initiator_spi, "RFC7296-3.1-01", VERDICT_FAIL);
    violates(nested, "RFC7296-3.1-09", VERDICT_FAIL);
    conforms(cookie_first, "RFC7296-2.6-05");
    violates(cookie_later, "RFC7296-2.6-05", VERDICT_FAIL);
    conforms(cookie_good, "RFC7296-2.6-04");
    violates(cookie_too_long, "RFC7296-2.6-04", VERDICT_FAIL);
}
END_TEST

/* ---- Notifies, clear text ---- */

static void with_notify(struct story *s, const struct ike_notify *notify)
{
    add_notify_of(s, last(s), notify);
}
static void protocol_without_spi(struct story *s)
{
    with_notify(s, &(struct ike_notify){.protocol = PROTOCOL_IKE,
                                        .type = ESP_TFC_PADDING_NOT_SUPPORTED});
}
static void spi_with_ike_notify(struct story *s)
{
    with_notify(s, &(struct ike_notify){.protocol = PROTOCOL_ESP,
                                        .type = ESP_TFC_PADDING_NOT_SUPPORTED,
                                        .spi = bytes_of("abcd", 4)});
}
static void not_found(struct story *s, uint8_t protocol)
{
    set_up(s);
    struct trace_event *e = request(s, HARNESS, CREATE_CHILD_SA, 0);
    struct ike_notify notify = {
        .protocol = PROTOCOL_ESP, .type = REKEY_SA, .spi = bytes_of("abcd", 4)};
    add_notify_of(s, e, &notify);
    e = response(s, GATEWAY, CREATE_CHILD_SA, 0);
    notify.type = CHILD_SA_NOT_FOUND;
    notify.protocol = protocol;
    add_notify_of(s, e, &notify);
}
static void child_not_found(struct story *s)
{
    not_found(s, PROTOCOL_ESP);
}
static void child_not_found_protocol(struct story *s)
{
    not_found(s, PROTOCOL_IKE);
}
static void token(struct story *s) /* A28 */
{
    with_notify(s,
                &(struct ike_notify){.protocol = PROTOCOL_IKE,
                                     .type = QCD_TOKEN,
                                     .data = bytes_of("0123456789abcdef", 16)});
}
static void window_size(struct story *s)
{
    with_notify(s, &(struct ike_notify){.type = SET_WINDOW_SIZE,
                                        .data = bytes_of("\0\0\0\5", 4)});
}
static void window_of_zero(struct story *s)
{
    with_notify(s, &(struct ike_notify){.type = SET_WINDOW_SIZE,
                                        .data = bytes_of("\0\0\0\0", 4)});
}
static void window_of_two_octets(struct story *s)
{
    with_notify(s, &(struct ike_notify){.type = SET_WINDOW_SIZE,
                                        .data = bytes_of("\0\5", 2)});
}
static void invalid_id(struct story *s)
{
    with_notify(s, &(struct ike_notify){.type = INVALID_MESSAGE_ID,
                                        .data = bytes_of("\0\0\0\5", 4)});
}
static void invalid_id_without_data(struct story *s)
{
    with_notify(s, &(struct ike_notify){.type = INVALID_MESSAGE_ID});
}
static void invalid_id_in_response(struct story *s)
{
    flow(s);
    request(s, HARNESS, INFORMATIONAL, 4);
    add_notify(s, response(s, GATEWAY, INFORMATIONAL, 4), INVALID_MESSAGE_ID,
               "\0\0\0\5", 4);
}
static void contact_late(struct story *s)
{
    with_notify(s, &(struct ike_notify){.type = INITIAL_CONTACT});
}
static void contact(struct story *s)
{
    set_up(s);
    add_notify(s, s->events[2], INITIAL_CONTACT, NULL, 0);
}
static struct trace_event *clear(struct story *s, bool response)
{
    flow(s);
    struct trace_event *e = message(s, GATEWAY, INFORMATIONAL, response, 6);
    e->ike.status = TRACE_IKE_CLEAR;
    return e;
}
static void clear_delete(struct story *s)
{
    add_payload(s, clear(s, false), PAYLOAD_DELETE, bytes_of("\1\0\0\0", 4));
}
static void clear_error(struct story *s)
{
    add_notify(s, clear(s, true), INVALID_IKE_SPI, NULL, 0);
}
static void clear_error_as_request(struct story *s)
{
    add_notify(s, clear(s, false), INVALID_IKE_SPI, NULL, 0);
}

START_TEST(notifies)
{
    conforms(window_size, "RFC7296-3.10-02");
    violates(protocol_without_spi, "RFC7296-3.10-02", VERDICT_FAIL);
    violates(spi_with_ike_notify, "RFC7296-3.10-04", VERDICT_FAIL);
    conforms(child_not_found, "RFC7296-3.10-01");
    violates(child_not_found_protocol, "RFC7296-3.10-01", VERDICT_FAIL);
    conforms(token, "RFC7296-2.2-02");
    conforms(window_size, "RFC7296-2.3-01");
    violates(window_of_zero, "RFC7296-2.3-01", VERDICT_FAIL);
    violates(window_of_two_octets, "RFC7296-2.3-01", VERDICT_FAIL);
    conforms(invalid_id, "RFC7296-2.3-11");
    violates(invalid_id_in_response, "RFC7296-2.3-11", VERDICT_FAIL);
    violates(invalid_id_without_data, "RFC7296-2.3-13", VERDICT_FAIL);
    conforms(contact, "RFC7296-2.4-03");
    violates(contact_late, "RFC7296-2.4-03", VERDICT_FAIL);
    conforms(clear_error, "RFC7296-1.5-04");
    violates(clear_error_as_request, "RFC7296-1.5-04", VERDICT_FAIL);
    violates(clear_delete, "RFC7296-1.4-01", VERDICT_FAIL);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("ike");
    tcase_add_test(cases, rekeys_and_deletes);
    tcase_add_test(cases, headers);
    tcase_add_test(cases, notifies);
    return run_cases("oracle_rfc7296_payloads", cases);
}
