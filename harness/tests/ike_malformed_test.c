/* What is broken, forged or unknown. */
#include "tests/ike_pair.h"

/* ---- Outside of an SA ---- */

static struct buffer capture;

static void record(struct pair *pair, const struct flying *f)
{
    (void)pair;
    buffer_clear(&capture);
    buffer_bytes(&capture, f->octets);
}

static void inject(struct pair *pair, struct side *to, struct bytes octets)
{
    struct side *from = to == &pair->a ? &pair->b : &pair->a;
    uint8_t *copy = memory_take(octets.size + !octets.size);
    memcpy(copy, octets.data, octets.size);
    ike_receive(to->host, &from->at, &to->at, bytes_of(copy, octets.size),
                pair->now);
    free(copy);
}

START_TEST(versions)
{
    struct pair pair;
    uint8_t octets[IKE_HEADER_SIZE];
    struct ike_header header = {.spi_i = 1,
                                .spi_r = 2,
                                .version = 0x30,
                                .exchange = 77,
                                .flags = IKE_FLAG_INITIATOR,
                                .message_id = 5,
                                .length = IKE_HEADER_SIZE};
    pair_established(&pair, 1);
    pair.seen = record;
    unsigned sent = pair.b.sent;
    ike_header_encode(&header, octets);
    inject(&pair, &pair.b, bytes_of(octets, sizeof octets));
    ck_assert_uint_eq(pair.b.sent, sent + 1);
    struct ike_message answer;
    struct ike_notify notify;
    ck_assert(ike_message_decode(buffer_view(&capture), &answer, NULL));
    ck_assert_uint_eq(answer.header.version, 0x20);
    ck_assert_uint_eq(answer.header.exchange, 77);
    ck_assert_uint_eq(answer.header.message_id, 5);
    ck_assert_uint_eq(answer.header.spi_r, 2);
    ck_assert_uint_eq(answer.header.flags, IKE_FLAG_RESPONSE);
    ck_assert(ike_message_notify(&answer, INVALID_MAJOR_VERSION, 0, &notify));
    header.flags |= IKE_FLAG_RESPONSE;
    ike_header_encode(&header, octets);
    inject(&pair, &pair.b, bytes_of(octets, sizeof octets));
    header.flags = IKE_FLAG_INITIATOR;
    header.version = 0x10;
    ike_header_encode(&header, octets);
    inject(&pair, &pair.b, bytes_of(octets, sizeof octets));
    ck_assert_uint_eq(pair.b.sent, sent + 1);
    /* The answers are limited in rate. */
    header.version = 0x30;
    ike_header_encode(&header, octets);
    for (int i = 0; i < 1000; i++)
        inject(&pair, &pair.b, bytes_of(octets, sizeof octets));
    ck_assert_uint_le(pair.b.sent, sent + 100);
    buffer_free(&capture);
    pair_end(&pair);
}
END_TEST

START_TEST(minor_version_is_ignored)
{
    struct pair pair;
    struct ike_message message = {0};
    struct buffer out = {0};
    pair_established(&pair, 1);
    struct ike_sa *a = sa_of(&pair.a);
    ike_header_for(a, INFORMATIONAL, false, 2, &message.header);
    message.header.version = 0x27;
    message.header.flags |= 0xc7; /* reserved bits */
    ck_assert(ike_seal(a, &message, &out, NULL));
    inject(&pair, &pair.b, buffer_view(&out));
    ck_assert_uint_eq(sa_of(&pair.b)->next_receive, 3);
    buffer_free(&out);
    pair_end(&pair);
}
END_TEST

static uint8_t *octet_of(struct flying *f, size_t at)
{
    return (uint8_t *)(f + 1) + at;
}

/* Every bit of every message of a handshake and a liveness check: whatever
 * arrives changed leads to no SA with other keys, and to nothing worse. */
START_TEST(every_bit_flipped)
{
    for (unsigned target = 0; target < 6; target++)
        for (size_t bit = 0, bits = 1; bit < bits; bit += 3) {
            struct pair pair;
            pair_start(&pair, 1);
            pair.now = 1000 * NS_PER_S;
            pair_hosts(&pair);
            pair_connect(&pair);
            for (unsigned n = 0; pair.first; n++) {
                if (n == target && !pair.number) {
                    bits = pair.first->octets.size * 8;
                    *octet_of(pair.first, bit / 8) ^= (uint8_t)(1 << bit % 8);
                    pair.number = 1;
                }
                pair_deliver(&pair);
                if (!pair.first && n < 5 && sa_of(&pair.a) &&
                    pair.a.events[IKE_EVENT_RESPONSE] < 3)
                    ike_liveness(sa_of(&pair.a), pair.now, NULL);
            }
            ck_assert_uint_eq(pair.number, 1);
            if (target >= 2) { /* protected: repeated until it arrives */
                pair_run(&pair, 5 * NS_PER_S);
                assert_established(&pair, 1);
            }
            pair_end(&pair);
        }
}
END_TEST

START_TEST(cut_off_anywhere)
{
    struct pair pair;
    pair_start(&pair, 1);
    pair_hosts(&pair);
    pair_connect(&pair);
    while (pair.first) {
        struct side *to = side_at(&pair, &pair.first->to);
        unsigned sent = to->sent;
        for (size_t size = 0; size < pair.first->octets.size; size++)
            inject(&pair, to, bytes_slice(pair.first->octets, 0, size));
        ck_assert_uint_eq(to->sent, sent);
        pair_deliver(&pair);
    }
    assert_established(&pair, 1);
    pair_end(&pair);
}
END_TEST

START_TEST(unprotected_and_foreign)
{
    struct pair pair;
    struct ike_message message = {0};
    struct buffer out = {0};
    pair_established(&pair, 1);
    struct ike_sa *a = sa_of(&pair.a);
    ike_header_for(a, INFORMATIONAL, false, 2, &message.header);
    ike_message_encode(&message, &out); /* in clear */
    inject(&pair, &pair.b, buffer_view(&out));
    buffer_clear(&out);
    message.header.spi_r++; /* unknown SPI */
    ck_assert(ike_seal(a, &message, &out, NULL));
    inject(&pair, &pair.b, buffer_view(&out));
    buffer_clear(&out);
    message.header.spi_r--;
    message.header.spi_i++; /* the other SPI is wrong */
    ck_assert(ike_seal(a, &message, &out, NULL));
    inject(&pair, &pair.b, buffer_view(&out));
    buffer_clear(&out);
    message.header.spi_i--;
    message.header.flags |= IKE_FLAG_RESPONSE; /* answers nothing */
    ck_assert(ike_seal(a, &message, &out, NULL));
    inject(&pair, &pair.b, buffer_view(&out));
    ck_assert_uint_eq(pair.b.events[IKE_EVENT_DROPPED], 4);
    ck_assert_uint_eq(pair.b.sent, 2);
    ck_assert_uint_eq(sa_of(&pair.b)->next_receive, 2);
    buffer_free(&out);
    pair_end(&pair);
}
END_TEST

/* ---- Within an SA ---- */

START_TEST(critical_payload)
{
    struct pair pair;
    struct ike_message message = {.header.exchange = INFORMATIONAL};
    pair_established(&pair, 1);
    ike_message_add(&message, 200, bytes_of_string("unknown"));
    ck_assert(ike_request(sa_of(&pair.a), &message, pair.now, NULL));
    pair_settle(&pair);
    ck_assert_uint_eq(pair.a.error, 0); /* not critical: ignored */
    message.payloads[0].flags = IKE_PAYLOAD_CRITICAL;
    ck_assert(ike_request(sa_of(&pair.a), &message, pair.now, NULL));
    pair_settle(&pair);
    ck_assert_uint_eq(pair.a.error, UNSUPPORTED_CRITICAL_PAYLOAD);
    /* On a known payload the bit is ignored. */
    pair.a.error = 0;
    message.payloads[0].type = PAYLOAD_VENDOR;
    ck_assert(ike_request(sa_of(&pair.a), &message, pair.now, NULL));
    pair_settle(&pair);
    ck_assert_uint_eq(pair.a.error, 0);
    assert_established(&pair, 1);
    pair_end(&pair);
}
END_TEST

static void add_critical(struct side *side, struct ike_message *message,
                         struct arena *arena)
{
    (void)arena;
    if (message->header.exchange != side->pair->number ||
        (message->header.flags & IKE_FLAG_RESPONSE))
        return;
    ike_message_add(message, 200, bytes_of_string("unknown"));
    message->payloads[message->count - 1].flags = IKE_PAYLOAD_CRITICAL;
}

START_TEST(critical_payload_in_the_handshake)
{
    for (unsigned exchange = IKE_SA_INIT; exchange <= IKE_AUTH; exchange++) {
        struct pair pair;
        pair_start(&pair, 1);
        pair.a.compose = add_critical;
        pair.number = exchange;
        pair_hosts(&pair);
        pair_connect(&pair);
        pair_settle(&pair);
        ck_assert_uint_eq(pair.a.error, UNSUPPORTED_CRITICAL_PAYLOAD);
        ck_assert_ptr_null(ike_host_first(pair.b.host));
        pair_end(&pair);
    }
}
END_TEST

static void request_and_lose(struct pair *pair, struct ike_message *message)
{
    ck_assert(ike_request(sa_of(&pair->a), message, pair->now, NULL));
    pair_settle(pair);
    ck_assert_uint_eq(pair->a.error, INVALID_SYNTAX);
    /* 2.21.3: fatal in both peers */
    ck_assert_ptr_null(ike_host_first(pair->a.host));
    ck_assert_ptr_null(ike_host_first(pair->b.host));
    ck_assert_uint_eq(pair->b.events[IKE_EVENT_CHILD_DOWN], 1);
}

START_TEST(malformed_inside)
{
    struct pair pair;
    static const uint8_t notify[] = {0, 200, 0, 1}; /* SPI beyond the end */
    struct ike_message message = {.header.exchange = INFORMATIONAL};
    pair_established(&pair, 1);
    ike_message_add(&message, PAYLOAD_NOTIFY, bytes_of(notify, 4));
    request_and_lose(&pair, &message);
    pair_end(&pair);
    pair_established(&pair, 1);
    message.count = 0;
    ike_message_add(&message, PAYLOAD_VENDOR, bytes_of_string("vendor"));
    message.payloads[0].length = 300; /* beyond the end */
    request_and_lose(&pair, &message);
    pair_end(&pair);
    pair_established(&pair, 1);
    message.header.exchange = CREATE_CHILD_SA; /* with nothing it needs */
    message.payloads[0].length = -1;
    request_and_lose(&pair, &message);
    pair_end(&pair);
}
END_TEST

START_TEST(unknown_exchange)
{
    static const uint8_t exchanges[] = {99, IKE_AUTH, IKE_INTERMEDIATE};
    for (int i = 0; i < 3; i++) {
        struct pair pair;
        struct ike_message message = {.header.exchange = exchanges[i]};
        pair_established(&pair, 1);
        request_and_lose(&pair, &message);
        pair_end(&pair);
    }
}
END_TEST

/* ---- What compose changes is what goes out ---- */

static void change_header(struct side *side, struct ike_message *message,
                          struct arena *arena)
{
    (void)arena;
    if (message->header.exchange != INFORMATIONAL)
        return;
    message->header.message_id += 40;
    message->header.flags |= IKE_FLAG_VERSION;
    message->header.spi_r ^= side->pair->number;
}

START_TEST(compose_decides)
{
    struct pair pair;
    struct ike_header header;
    pair_established(&pair, 1);
    pair.a.compose = change_header;
    pair.seen = record;
    pair.drop_all = true;
    pair.number = 0x55;
    ck_assert(ike_liveness(sa_of(&pair.a), pair.now, NULL));
    ck_assert(ike_header_decode(buffer_view(&capture), &header, NULL));
    ck_assert_uint_eq(header.message_id, 42);
    ck_assert_uint_eq(header.flags, IKE_FLAG_INITIATOR | IKE_FLAG_VERSION);
    ck_assert_uint_eq(header.spi_r, sa_of(&pair.a)->spi_r ^ 0x55);
    buffer_free(&capture);
    pair_end(&pair);
}
END_TEST

/* Random damage below the seal: lengths, types, contents of any payload. */
static void damage(struct side *side, struct ike_message *message,
                   struct arena *arena)
{
    struct rng *rng = &side->pair->rng.rng;
    if (!message->count || rng_u32(rng) % 3)
        return;
    struct ike_payload *p = &message->payloads[rng_u32(rng) % message->count];
    uint8_t *body = arena_take(arena, p->body.size + 8);
    if (p->body.size)
        memcpy(body, p->body.data, p->body.size);
    size_t size = p->body.size;
    switch (rng_u32(rng) % 6) {
    case 0:
        size = size ? rng_u32(rng) % size : 0;
        break;
    case 1:
        size += rng_u32(rng) % 8;
        break;
    case 2:
        p->type = (uint8_t)rng_u32(rng);
        break;
    case 3:
        p->length = (int)(rng_u32(rng) % 300);
        break;
    case 4:
        message->header.exchange = (uint8_t)(34 + rng_u32(rng) % 4);
        break;
    default:
        for (uint32_t n = rng_u32(rng) % 4; size && n; n--)
            body[rng_u32(rng) % size] ^= (uint8_t)(1 << rng_u32(rng) % 8);
    }
    p->body = bytes_of(body, size);
}

START_TEST(damaged_below_the_seal)
{
    for (uint64_t seed = 0; seed < 3000; seed++) {
        struct pair pair;
        pair_start(&pair, seed);
        if (seed % 3 == 0)
            pair.a.compose = pair.b.compose = damage;
        pair_hosts(&pair);
        pair_connect(&pair);
        pair_settle(&pair);
        pair.a.compose = pair.b.compose = damage;
        for (uint32_t i = 0; i < 8; i++) {
            struct side *side = i & 1 ? &pair.a : &pair.b;
            struct ike_sa *sa = ike_host_first(side->host);
            struct ike_message_id_sync sync = {.expected_send = i,
                                               .expected_recv = i};
            if (!sa)
                continue;
            switch ((seed + i) % 6) {
            case 0:
                ike_rekey(sa, pair.now, NULL);
                break;
            case 1:
                ike_create_child(sa, pair.now, NULL);
                break;
            case 2:
                if (sa->children)
                    ike_rekey_child(sa, sa->children, pair.now, NULL);
                break;
            case 3:
                if (sa->children)
                    ike_delete_child(sa, sa->children, pair.now, NULL);
                break;
            case 4:
                ike_synchronize(sa, &sync, 1, 4, pair.now, NULL);
                break;
            default:
                ike_liveness(sa, pair.now, NULL);
            }
            pair_deliver(&pair);
            pair_deliver(&pair);
        }
        pair_run(&pair, 700 * NS_PER_S);
        pair_end(&pair);
    }
}
END_TEST

int main(void)
{
    const TTest *tests[] = {versions,
                            minor_version_is_ignored,
                            every_bit_flipped,
                            cut_off_anywhere,
                            unprotected_and_foreign,
                            critical_payload,
                            critical_payload_in_the_handshake,
                            malformed_inside,
                            unknown_exchange,
                            compose_decides,
                            damaged_below_the_seal};
    return run_suite(
        suite_of("ike malformed", tests, sizeof tests / sizeof tests[0]));
}
