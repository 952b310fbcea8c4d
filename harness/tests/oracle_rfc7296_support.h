/*
 * Shapes that the stories of RFC 7296 share, and tables of stories.
 *
 * The gateway initiates, so that its next Message ID is 2 and the harness's 0.
 */
#ifndef COUNTERFOIL_TESTS_ORACLE_RFC7296_SUPPORT_H
#define COUNTERFOIL_TESTS_ORACLE_RFC7296_SUPPORT_H

#include "oracle_story.h"

enum { NEW_OF_HARNESS = 0x48000002, NEW_OF_GATEWAY = 0x47000002 };

/* VERDICT_PASS: conforms, and the clause was put to the test. VERDICT_NONE:
 * conforms, that is all. */
enum { VERDICT_NONE = 99 };
struct told {
    story_fn *tell;
    const char *clause;
    int verdict;
};

static inline void check_told(const struct told *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].verdict == VERDICT_PASS)
            conforms(rows[i].tell, rows[i].clause);
        else if (rows[i].verdict == VERDICT_NONE)
            passes(rows[i].tell);
        else
            violates(rows[i].tell, rows[i].clause,
                     (enum verdict)rows[i].verdict);
    }
}
#define CHECK_TOLD(rows) check_told(rows, sizeof(rows) / sizeof(rows)[0])

static inline uint32_t spi_of(enum who who)
{
    return who == GATEWAY ? SPI_OF_GATEWAY : SPI_OF_HARNESS;
}

static inline void add_nonce(struct story *s, struct trace_event *e,
                             uint8_t fill)
{
    uint8_t octets[32];
    memset(octets, fill, sizeof octets);
    add_payload(s, e, PAYLOAD_NONCE, bytes_of(octets, sizeof octets));
}

static inline void add_rekey_sa(struct story *s, struct trace_event *e,
                                uint32_t spi)
{
    uint8_t octets[4];
    write_u32(octets, spi);
    struct ike_notify notify = {
        .protocol = PROTOCOL_ESP, .type = REKEY_SA, .spi = bytes_of(octets, 4)};
    add_notify_of(s, e, &notify);
}

/* A new Child SA. */
static inline struct trace_event *asks_child(struct story *s, enum who who,
                                             uint32_t id, uint32_t spi)
{
    struct trace_event *e = request(s, who, CREATE_CHILD_SA, id);
    add_sa(s, e, PROTOCOL_ESP, spi, ENCR_AES_GCM_16);
    add_nonce(s, e, 0x55);
    return e;
}

/* The Child SA that `old` names is replaced by one with `spi`. */
static inline struct trace_event *asks_child_rekey(struct story *s,
                                                   enum who who, uint32_t id,
                                                   uint32_t old, uint32_t spi,
                                                   uint8_t nonce)
{
    struct trace_event *e = request(s, who, CREATE_CHILD_SA, id);
    add_rekey_sa(s, e, old);
    add_sa(s, e, PROTOCOL_ESP, spi, ENCR_AES_GCM_16);
    add_nonce(s, e, nonce);
    return e;
}

static inline struct trace_event *asks_ike_rekey(struct story *s, enum who who,
                                                 uint32_t id, uint64_t spi,
                                                 uint8_t nonce)
{
    struct trace_event *e = request(s, who, CREATE_CHILD_SA, id);
    add_sa(s, e, PROTOCOL_IKE, spi, ENCR_AES_GCM_16);
    add_nonce(s, e, nonce);
    add_payload(s, e, PAYLOAD_KE, bytes_of("\0\37\0\0public", 10));
    return e;
}

static inline struct trace_event *grants_child(struct story *s, enum who who,
                                               uint32_t id, uint32_t spi,
                                               uint8_t nonce)
{
    struct trace_event *e = response(s, who, CREATE_CHILD_SA, id);
    add_sa(s, e, PROTOCOL_ESP, spi, ENCR_AES_GCM_16);
    add_nonce(s, e, nonce);
    return e;
}

static inline struct trace_event *grants_ike(struct story *s, enum who who,
                                             uint32_t id, uint64_t spi,
                                             uint8_t nonce)
{
    struct trace_event *e = response(s, who, CREATE_CHILD_SA, id);
    add_sa(s, e, PROTOCOL_IKE, spi, ENCR_AES_GCM_16);
    add_nonce(s, e, nonce);
    add_payload(s, e, PAYLOAD_KE, bytes_of("\0\37\0\0public", 10));
    return e;
}

static inline struct trace_event *refuses(struct story *s, enum who who,
                                          uint32_t id, uint16_t error)
{
    struct trace_event *e = response(s, who, CREATE_CHILD_SA, id);
    add_notify(s, e, error, NULL, 0);
    return e;
}

static inline void add_delete(struct story *s, struct trace_event *e,
                              uint32_t spi)
{
    uint8_t octets[8] = {PROTOCOL_ESP, 4, 0, 1};
    write_u32(octets + 4, spi);
    add_payload(s, e, PAYLOAD_DELETE, bytes_of(octets, sizeof octets));
}

/* A Delete of what `who` receives on with `spi`; of the IKE SA if it is 0. */
static inline struct trace_event *asks_delete(struct story *s, enum who who,
                                              uint32_t id, uint32_t spi)
{
    struct trace_event *e = request(s, who, INFORMATIONAL, id);
    if (spi)
        add_delete(s, e, spi);
    else
        add_payload(s, e, PAYLOAD_DELETE, bytes_of("\1\0\0\0", 4));
    return e;
}

/* The answer: of the other half, or empty. */
static inline struct trace_event *deletes(struct story *s, enum who who,
                                          uint32_t id, uint32_t spi)
{
    struct trace_event *e = response(s, who, INFORMATIONAL, id);
    if (spi)
        add_delete(s, e, spi);
    return e;
}

static inline int run_cases(const char *name, TCase *cases)
{
    Suite *suite = suite_create(name);
    tcase_set_timeout(cases, 120);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

#endif
