/* The oracle's rules of RFC 7296 2.8.1, 2.8.2 and 2.25: what crosses. */
#include "oracle_rfc7296_support.h"

/* ---- The harness asks while the gateway does: 2.25.1, 2.25.2 ---- */

static void own_delete(struct story *s)
{
    establish(s, 0, 0);
    asks_delete(s, GATEWAY, 2, SPI_OF_GATEWAY);
}
static void own_child_rekey(struct story *s)
{
    establish(s, 0, 0);
    asks_child_rekey(s, GATEWAY, 2, SPI_OF_GATEWAY, NEW_OF_GATEWAY, 5);
}
static void own_ike_rekey(struct story *s)
{
    establish(s, 0, 0);
    asks_ike_rekey(s, GATEWAY, 2, 77, 5);
}
static void own_ike_delete(struct story *s)
{
    establish(s, 0, 0);
    asks_delete(s, GATEWAY, 2, 0);
}
static void own_child(struct story *s)
{
    establish(s, 0, 0);
    asks_child(s, GATEWAY, 2, NEW_OF_GATEWAY);
}

static void child_rekey_comes(struct story *s, story_fn *own, uint16_t error)
{
    own(s);
    asks_child_rekey(s, HARNESS, 0, SPI_OF_HARNESS, NEW_OF_HARNESS, 7);
    if (error)
        refuses(s, GATEWAY, 0, error);
    else
        grants_child(s, GATEWAY, 0, NEW_OF_GATEWAY + 1, 8);
}
static void rekey_of_closing(struct story *s)
{
    child_rekey_comes(s, own_delete, TEMPORARY_FAILURE);
}
static void rekey_of_closing_granted(struct story *s)
{
    child_rekey_comes(s, own_delete, 0);
}
static void rekey_of_rekeyed(struct story *s)
{
    child_rekey_comes(s, own_child_rekey, 0);
}
static void rekey_of_rekeyed_refused(struct story *s)
{
    child_rekey_comes(s, own_child_rekey, TEMPORARY_FAILURE);
}
static void rekey_under_ike_rekey(struct story *s)
{
    child_rekey_comes(s, own_ike_rekey, TEMPORARY_FAILURE);
}
static void rekey_under_ike_rekey_granted(struct story *s)
{
    child_rekey_comes(s, own_ike_rekey, 0);
}
static void child_under_ike_rekey_granted(struct story *s)
{
    own_ike_rekey(s);
    asks_child(s, HARNESS, 0, NEW_OF_HARNESS);
    grants_child(s, GATEWAY, 0, NEW_OF_GATEWAY, 8);
}

static void ike_rekey_comes(struct story *s, story_fn *own, uint16_t error)
{
    own(s);
    asks_ike_rekey(s, HARNESS, 0, 99, 7);
    if (error)
        refuses(s, GATEWAY, 0, error);
    else
        grants_ike(s, GATEWAY, 0, 88, 8);
}
static void ike_rekey_of_busy(struct story *s)
{
    ike_rekey_comes(s, own_child, TEMPORARY_FAILURE);
}
static void ike_rekey_of_busy_granted(struct story *s)
{
    ike_rekey_comes(s, own_child, 0);
}
static void ike_rekey_of_deleting_granted(struct story *s)
{
    ike_rekey_comes(s, own_delete, 0);
}
static void ike_rekey_of_rekeyed(struct story *s)
{
    ike_rekey_comes(s, own_ike_rekey, 0);
}
static void ike_rekey_of_rekeyed_refused(struct story *s)
{
    ike_rekey_comes(s, own_ike_rekey, TEMPORARY_FAILURE);
}
static void ike_rekey_of_closing(struct story *s)
{
    ike_rekey_comes(s, own_ike_delete, TEMPORARY_FAILURE);
}
static void ike_rekey_of_closing_granted(struct story *s)
{
    ike_rekey_comes(s, own_ike_delete, 0);
}

static void delete_comes(struct story *s, story_fn *own, uint32_t spi)
{
    own(s);
    asks_delete(s, HARNESS, 0, SPI_OF_HARNESS);
    deletes(s, GATEWAY, 0, spi);
}
static void delete_of_rekeyed(struct story *s)
{
    delete_comes(s, own_child_rekey, SPI_OF_GATEWAY);
}
static void delete_of_rekeyed_empty(struct story *s)
{
    delete_comes(s, own_child_rekey, 0);
}
static void delete_under_ike_rekey(struct story *s)
{
    delete_comes(s, own_ike_rekey, SPI_OF_GATEWAY);
}
static void delete_under_ike_rekey_empty(struct story *s)
{
    delete_comes(s, own_ike_rekey, 0);
}
static void delete_of_none(struct story *s, uint32_t spi)
{
    establish(s, 0, 0);
    asks_delete(s, HARNESS, 0, 0x12345678);
    deletes(s, GATEWAY, 0, spi);
}
static void delete_of_none_empty(struct story *s)
{
    delete_of_none(s, 0);
}
static void delete_of_none_deletes(struct story *s)
{
    delete_of_none(s, SPI_OF_GATEWAY);
}

static void ike_delete_comes(struct story *s, story_fn *own, uint16_t error)
{
    own(s);
    asks_delete(s, HARNESS, 0, 0);
    struct trace_event *e = response(s, GATEWAY, INFORMATIONAL, 0);
    if (error)
        add_notify(s, e, error, NULL, 0);
}
static void ike_delete_of_rekeyed(struct story *s)
{
    ike_delete_comes(s, own_ike_rekey, 0);
}
static void ike_delete_of_rekeyed_refused(struct story *s)
{
    ike_delete_comes(s, own_ike_rekey, TEMPORARY_FAILURE);
}
static void ike_delete_of_closing(struct story *s)
{
    ike_delete_comes(s, own_ike_delete, 0);
}
static void ike_delete_of_closing_refused(struct story *s)
{
    ike_delete_comes(s, own_ike_delete, TEMPORARY_FAILURE);
}
static void goes_on(struct story *s, story_fn *own)
{
    own(s);
    struct trace_event *mine = s->events[s->count - 1];
    asks_delete(s, HARNESS, 0, 0);
    response(s, GATEWAY, INFORMATIONAL, 0);
    wait_ms(s, 3000);
    again(s, mine);
}
static void insists_on_rekey(struct story *s)
{
    goes_on(s, own_ike_rekey);
}
static void insists_on_delete(struct story *s)
{
    goes_on(s, own_ike_delete);
}

START_TEST(answers_of_child)
{
    static const struct told rows[] = {
        {rekey_of_closing, "RFC7296-2.25.1-01", VERDICT_PASS},
        {rekey_of_closing_granted, "RFC7296-2.25.1-01", VERDICT_WARNING},
        {rekey_of_rekeyed, "RFC7296-2.25.1-02", VERDICT_PASS},
        {rekey_of_rekeyed_refused, "RFC7296-2.25.1-02", VERDICT_WARNING},
        {rekey_under_ike_rekey, "RFC7296-2.25.2-05", VERDICT_PASS},
        {rekey_under_ike_rekey_granted, "RFC7296-2.25.2-05", VERDICT_WARNING},
        {child_under_ike_rekey_granted, "RFC7296-2.25.2-05", VERDICT_WARNING},
        {delete_of_rekeyed, "RFC7296-2.25.1-04", VERDICT_PASS},
        {delete_of_rekeyed_empty, "RFC7296-2.25.1-04", VERDICT_WARNING},
        {delete_under_ike_rekey, "RFC7296-2.25.2-06", VERDICT_PASS},
        {delete_under_ike_rekey_empty, "RFC7296-2.25.2-06", VERDICT_WARNING},
        {delete_of_none_empty, "RFC7296-2.25.1-05", VERDICT_PASS},
        {delete_of_none_deletes, "RFC7296-2.25.1-05", VERDICT_WARNING},
    };
    CHECK_TOLD(rows);
}
END_TEST

START_TEST(answers_of_ike)
{
    static const struct told rows[] = {
        {ike_rekey_of_busy, "RFC7296-2.25.1-06", VERDICT_PASS},
        {ike_rekey_of_busy_granted, "RFC7296-2.25.1-06", VERDICT_WARNING},
        {ike_rekey_of_deleting_granted, "RFC7296-2.25.1-06", VERDICT_WARNING},
        {ike_rekey_of_rekeyed, "RFC7296-2.25.2-01", VERDICT_PASS},
        {ike_rekey_of_rekeyed_refused, "RFC7296-2.25.2-01", VERDICT_WARNING},
        {ike_rekey_of_closing, "RFC7296-2.25.2-02", VERDICT_PASS},
        {ike_rekey_of_closing_granted, "RFC7296-2.25.2-02", VERDICT_WARNING},
        {ike_delete_of_rekeyed, "RFC7296-2.25.2-03", VERDICT_PASS},
        {ike_delete_of_rekeyed_refused, "RFC7296-2.25.2-03", VERDICT_WARNING},
        {ike_delete_of_closing, "RFC7296-2.25.2-04", VERDICT_PASS},
        {ike_delete_of_closing_refused, "RFC7296-2.25.2-04", VERDICT_WARNING},
        {insists_on_rekey, "RFC7296-2.8.2-04", VERDICT_WARNING},
        {insists_on_delete, "RFC7296-2.25.2-04", VERDICT_WARNING},
    };
    CHECK_TOLD(rows);
}
END_TEST

/* ---- What is not there (any more) ---- */

static void unknown_rekeyed(struct story *s, bool granted)
{
    establish(s, 0, 0);
    asks_child_rekey(s, HARNESS, 0, 0x12345678, NEW_OF_HARNESS, 1);
    if (granted) {
        grants_child(s, GATEWAY, 0, NEW_OF_GATEWAY, 2);
        return;
    }
    struct ike_notify notify = {.protocol = PROTOCOL_ESP,
                                .type = CHILD_SA_NOT_FOUND,
                                .spi = bytes_of("\x12\x34\x56\x78", 4)};
    add_notify_of(s, response(s, GATEWAY, CREATE_CHILD_SA, 0), &notify);
}
static void unknown_refused(struct story *s)
{
    unknown_rekeyed(s, false);
}
static void unknown_granted(struct story *s)
{
    unknown_rekeyed(s, true);
}
static void unknown_wrong_spi(struct story *s)
{
    establish(s, 0, 0);
    asks_child_rekey(s, HARNESS, 0, 0x12345678, NEW_OF_HARNESS, 1);
    struct ike_notify notify = {.protocol = PROTOCOL_ESP,
                                .type = CHILD_SA_NOT_FOUND,
                                .spi = bytes_of("abcd", 4)};
    add_notify_of(s, response(s, GATEWAY, CREATE_CHILD_SA, 0), &notify);
}
/* The gateway has rekeyed the pair, and deleted it. */
static void late_rekey(struct story *s, bool granted)
{
    own_child_rekey(s);
    grants_child(s, HARNESS, 2, NEW_OF_HARNESS, 6);
    asks_delete(s, GATEWAY, 3, SPI_OF_GATEWAY);
    deletes(s, HARNESS, 3, SPI_OF_HARNESS);
    asks_child_rekey(s, HARNESS, 0, SPI_OF_HARNESS, NEW_OF_HARNESS + 1, 7);
    if (granted)
        grants_child(s, GATEWAY, 0, NEW_OF_GATEWAY + 1, 8);
    else
        refuses(s, GATEWAY, 0, TEMPORARY_FAILURE);
}
static void late_rekey_refused(struct story *s)
{
    late_rekey(s, false);
}
static void late_rekey_granted(struct story *s)
{
    late_rekey(s, true);
}
static void late_ike_rekey(struct story *s, bool granted)
{
    establish(s, 0, 0);
    rekey_ike(s, GATEWAY, 2);
    exchange(s, GATEWAY, 0);
    s->spi_i--;
    s->spi_r--;
    asks_ike_rekey(s, HARNESS, 0, 99, 7);
    if (granted)
        grants_ike(s, GATEWAY, 0, 88, 8);
    else
        refuses(s, GATEWAY, 0, TEMPORARY_FAILURE);
}
static void late_ike_rekey_refused(struct story *s)
{
    late_ike_rekey(s, false);
}
static void late_ike_rekey_granted(struct story *s)
{
    late_ike_rekey(s, true);
}

/* ---- After an error ---- */

static void retries(struct story *s, uint64_t pause, int count)
{
    establish(s, 0, 0);
    for (int i = 0; i < count; i++) {
        asks_child_rekey(s, GATEWAY, 2 + (uint32_t)i, SPI_OF_GATEWAY,
                         NEW_OF_GATEWAY, 5);
        refuses(s, HARNESS, 2 + (uint32_t)i, TEMPORARY_FAILURE);
        wait_ms(s, pause);
    }
}
static void waits_and_retries(struct story *s)
{
    retries(s, 5000, 4);
}
static void retries_at_once(struct story *s)
{
    retries(s, 1, 3);
}
static void told_to_retry(struct story *s) /* by a person, perhaps */
{
    retries(s, 1, 2);
}
static void retries_for_ever(struct story *s)
{
    retries(s, 300000, 6);
}
static void not_found(struct story *s, bool gives_up)
{
    own_child_rekey(s);
    struct ike_notify notify = {.protocol = PROTOCOL_ESP,
                                .type = CHILD_SA_NOT_FOUND,
                                .spi = bytes_of("\x47\0\0\1", 4)};
    add_notify_of(s, response(s, HARNESS, CREATE_CHILD_SA, 2), &notify);
    if (gives_up)
        asks_delete(s, GATEWAY, 3, 0);
    else
        asks_child(s, GATEWAY, 3, NEW_OF_GATEWAY + 1);
}
static void not_found_anew(struct story *s)
{
    not_found(s, false);
}
static void not_found_gives_up(struct story *s)
{
    not_found(s, true);
}

START_TEST(gone_and_again)
{
    static const struct told rows[] = {
        {unknown_refused, "RFC7296-2.25-05", VERDICT_PASS},
        {unknown_granted, "RFC7296-2.25-05", VERDICT_WARNING},
        {unknown_wrong_spi, "RFC7296-2.25-05", VERDICT_WARNING},
        {late_rekey_refused, "RFC7296-2.8.1-05", VERDICT_PASS},
        {late_rekey_granted, "RFC7296-2.8.1-05", VERDICT_FAIL},
        {late_ike_rekey_refused, "RFC7296-2.8.2-03", VERDICT_PASS},
        {late_ike_rekey_granted, "RFC7296-2.8.2-03", VERDICT_WARNING},
        {waits_and_retries, "RFC7296-2.25-02", VERDICT_PASS},
        {told_to_retry, NULL, VERDICT_NONE},
        {retries_at_once, "RFC7296-2.25-02", VERDICT_FAIL},
        {waits_and_retries, "RFC7296-2.25-04", VERDICT_PASS},
        {retries_for_ever, "RFC7296-2.25-04", VERDICT_WARNING},
        {not_found_anew, "RFC7296-2.25-06", VERDICT_PASS},
        {not_found_gives_up, "RFC7296-2.25-06", VERDICT_WARNING},
    };
    CHECK_TOLD(rows);
}
END_TEST

/* ---- Rekeys of both sides ---- */

/* The gateway's exchange has the lower nonce if `low`. */
static void crossed(struct story *s, bool low)
{
    establish(s, 0, 0);
    asks_child_rekey(s, GATEWAY, 2, SPI_OF_GATEWAY, NEW_OF_GATEWAY,
                     low ? 1 : 5);
    asks_child_rekey(s, HARNESS, 0, SPI_OF_HARNESS, NEW_OF_HARNESS,
                     low ? 5 : 1);
    grants_child(s, GATEWAY, 0, NEW_OF_GATEWAY + 1, 8);
    grants_child(s, HARNESS, 2, NEW_OF_HARNESS + 1, 9);
}
static void loser_deleted(struct story *s)
{
    crossed(s, true);
    asks_delete(s, GATEWAY, 3, NEW_OF_GATEWAY);
    deletes(s, HARNESS, 3, NEW_OF_HARNESS + 1);
    asks_delete(s, HARNESS, 1, SPI_OF_HARNESS);
    deletes(s, GATEWAY, 1, SPI_OF_GATEWAY);
    wait_ms(s, 40000);
    exchange(s, GATEWAY, 4);
}
static void winner_deleted(struct story *s)
{
    crossed(s, false);
    asks_delete(s, GATEWAY, 3, NEW_OF_GATEWAY);
    deletes(s, HARNESS, 3, NEW_OF_HARNESS + 1);
}
static void loser_kept(struct story *s)
{
    crossed(s, true);
    wait_ms(s, 40000);
    exchange(s, GATEWAY, 3);
}
static void old_deleted(struct story *s)
{
    crossed(s, false);
    asks_delete(s, GATEWAY, 3, SPI_OF_GATEWAY);
    deletes(s, HARNESS, 3, SPI_OF_HARNESS);
    wait_ms(s, 40000);
    exchange(s, GATEWAY, 4);
}
static void old_kept(struct story *s)
{
    crossed(s, false);
    wait_ms(s, 40000);
    exchange(s, GATEWAY, 3);
}
static void invalid_while_crossed(struct story *s)
{
    crossed(s, false);
    wait_ms(s, 31000);
    asks_delete(s, GATEWAY, 3, SPI_OF_GATEWAY);
    deletes(s, HARNESS, 3, SPI_OF_HARNESS);
    uint8_t data[4];
    write_u32(data, NEW_OF_GATEWAY);
    add_notify(s, request(s, GATEWAY, INFORMATIONAL, 4), INVALID_SPI, data, 4);
}

/* On the new IKE SA that the gateway made. */
static void ike_crossed(struct story *s, bool low)
{
    establish(s, 0, 0);
    asks_ike_rekey(s, GATEWAY, 2, 77, low ? 1 : 5);
    asks_ike_rekey(s, HARNESS, 0, 99, low ? 5 : 1);
    grants_ike(s, GATEWAY, 0, 88, 8);
    grants_ike(s, HARNESS, 2, 66, 9);
    s->spi_i = 77;
    s->spi_r = 66;
    asks_delete(s, GATEWAY, 0, 0);
    deletes(s, HARNESS, 0, 0);
}
static void ike_loser_deleted(struct story *s)
{
    ike_crossed(s, true);
}
static void ike_winner_deleted(struct story *s)
{
    ike_crossed(s, false);
}
static void ike_winner_lost_child(struct story *s)
{
    establish(s, 0, 0);
    asks_ike_rekey(s, GATEWAY, 2, 77, 5);
    asks_ike_rekey(s, HARNESS, 0, 99, 1);
    grants_ike(s, GATEWAY, 0, 88, 8);
    grants_ike(s, HARNESS, 2, 66, 9);
    s->spi_i = 77;
    s->spi_r = 66;
    asks_child_rekey(s, HARNESS, 0, SPI_OF_HARNESS, NEW_OF_HARNESS, 1);
    struct ike_notify notify = {.protocol = PROTOCOL_ESP,
                                .type = CHILD_SA_NOT_FOUND,
                                .spi = bytes_of("\x48\0\0\1", 4)};
    add_notify_of(s, response(s, GATEWAY, CREATE_CHILD_SA, 0), &notify);
}

START_TEST(collisions)
{
    static const struct told rows[] = {
        {loser_deleted, "RFC7296-2.8.1-03", VERDICT_PASS},
        {winner_deleted, "RFC7296-2.8.1-03", VERDICT_WARNING},
        {loser_kept, "RFC7296-2.8.1-03", VERDICT_WARNING},
        {old_deleted, "RFC7296-2.8.1-04", VERDICT_PASS},
        {old_kept, "RFC7296-2.8.1-04", VERDICT_WARNING},
        {invalid_while_crossed, "RFC7296-2.8.1-02", VERDICT_FAIL},
        {ike_loser_deleted, "RFC7296-2.8.2-01", VERDICT_PASS},
        {ike_winner_deleted, "RFC7296-2.8.2-01", VERDICT_WARNING},
        {ike_winner_lost_child, "RFC7296-2.8.2-02", VERDICT_FAIL},
    };
    CHECK_TOLD(rows);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("crossing");
    tcase_add_test(cases, answers_of_child);
    tcase_add_test(cases, answers_of_ike);
    tcase_add_test(cases, gone_and_again);
    tcase_add_test(cases, collisions);
    return run_cases("oracle_rfc7296_crossing", cases);
}
