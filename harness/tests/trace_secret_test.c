/* Keys from the secret of a key exchange: IKE SA, its Child SAs, and the IKE
 * SA that it is rekeyed to. */
#include "trace_support.h"

#define SPI_I UINT64_C(0x0101010101010101)
#define SPI_R UINT64_C(0x0202020202020202)
#define NEW_I UINT64_C(0x0303030303030303)
#define NEW_R UINT64_C(0x0404040404040404)
#define GIR "000102030405060708090a0b0c0d0e0f"
#define GIR_2 "101112131415161718191a1b1c1d1e1f"

static const struct suite ike_suite = {.encr = ENCR_AES_GCM_16,
                                       .encr_bits = 128,
                                       .prf = PRF_HMAC_SHA2_256,
                                       .ke = KE_CURVE25519};
static const struct suite esp_suite = {
    .encr = ENCR_AES_CBC, .encr_bits = 128, .integ = AUTH_HMAC_SHA2_256_128};

struct story {
    struct trace_writer *writer;
    struct crypto *crypto;
    struct buffer payloads[4], out, frame;
    struct ike_message message;
    uint64_t time;
};

static struct bytes secret_of(uint8_t first, uint8_t out[16])
{
    for (uint8_t i = 0; i < 16; i++)
        out[i] = (uint8_t)(first + i);
    return bytes_of(out, 16);
}

static void begin(struct story *s, uint8_t exchange, bool response,
                  uint32_t message_id)
{
    s->message = (struct ike_message){
        .header = {.spi_i = SPI_I,
                   .spi_r = SPI_R,
                   .version = 0x20,
                   .exchange = exchange,
                   .flags = response ? IKE_FLAG_RESPONSE : IKE_FLAG_INITIATOR,
                   .message_id = message_id}};
    for (size_t i = 0; i < 4; i++)
        buffer_clear(&s->payloads[i]);
}

static struct buffer *add(struct story *s, uint8_t type)
{
    s->message.payloads[s->message.count] =
        (struct ike_payload){.type = type, .next = -1, .length = -1};
    return &s->payloads[s->message.count++];
}

static void add_nonce(struct story *s, uint8_t fill)
{
    memset(buffer_space(add(s, PAYLOAD_NONCE), 16), fill, 16);
}

/* One proposal; a request offers another one before it. */
static void add_sa(struct story *s, uint8_t protocol, const struct suite *suite,
                   struct bytes spi, bool offer)
{
    struct ike_sa_payload *sa = memory_take(sizeof *sa);
    struct ike_proposal proposal = {
        .number = 2, .protocol = protocol, .spi = spi};
    static const uint8_t other[8] = {9, 9, 9, 9, 9, 9, 9, 9};

    proposal.transforms[proposal.count++] = (struct ike_transform){
        TRANSFORM_ENCR, suite->encr, suite->encr_bits, false};
    if (suite->prf)
        proposal.transforms[proposal.count++] =
            (struct ike_transform){TRANSFORM_PRF, suite->prf, 0, false};
    if (suite->integ)
        proposal.transforms[proposal.count++] =
            (struct ike_transform){TRANSFORM_INTEG, suite->integ, 0, false};
    if (offer) {
        sa->proposals[0] = proposal;
        sa->proposals[0].number = 1;
        sa->proposals[0].spi = bytes_of(other, spi.size);
    }
    sa->proposals[offer] = proposal;
    sa->count = offer + 1u;
    ike_sa_encode(sa, add(s, PAYLOAD_SA));
    free(sa);
}

static void send_octets(struct story *s, struct bytes octets)
{
    bool response = s->message.header.flags & IKE_FLAG_RESPONSE;

    put_frame(s->writer, s->time++,
              make_packet(&s->frame, CARRIER_UDP,
                          response ? "192.0.2.2" : "192.0.2.1",
                          response ? "192.0.2.1" : "192.0.2.2", 500, octets),
              NULL);
}

/* In the clear, or sealed with a key. */
static void send(struct story *s, const struct key *key)
{
    static const uint8_t iv[8] = {1, 2, 3};
    struct protection p;

    for (size_t i = 0; i < s->message.count; i++)
        s->message.payloads[i].body = buffer_view(&s->payloads[i]);
    buffer_clear(&s->out);
    if (key) {
        ck_assert(protection_init(&p, &ike_suite, key, NULL, NULL));
        ck_assert(
            sk_seal(s->crypto, &p, &s->message, bytes_of(iv, 8), &s->out));
    } else {
        ike_message_encode(&s->message, &s->out);
    }
    send_octets(s, buffer_view(&s->out));
}

static void send_esp(struct story *s, uint32_t spi, const struct key *encr,
                     const struct key *integ, bool to_initiator)
{
    uint8_t header[8] = {0}, plain[32] = {0x45};
    static const uint8_t iv[16] = {5};
    struct protection p;

    write_u32(header, spi);
    header[7] = 1;
    plain[30] = 10;
    plain[31] = 4;
    buffer_clear(&s->out);
    buffer_bytes(&s->out, bytes_of(header, 8));
    ck_assert(protection_init(&p, &esp_suite, encr, integ, NULL));
    ck_assert(protection_seal(s->crypto, &p, bytes_of(header, 8),
                              bytes_of(header, 8), bytes_of(iv, 16),
                              bytes_of(plain, 32), bytes_of(NULL, 0), &s->out));
    put_frame(s->writer, s->time++,
              make_packet(&s->frame, CARRIER_ESP,
                          to_initiator ? "192.0.2.2" : "192.0.2.1",
                          to_initiator ? "192.0.2.1" : "192.0.2.2", 0,
                          buffer_view(&s->out)),
              NULL);
}

static struct bytes filled(uint8_t value, uint8_t out[16])
{
    memset(out, value, 16);
    return bytes_of(out, 16);
}

/* IKE_SA_INIT with nonces of 'i' and 'r', IKE_AUTH with a Child SA, a second
 * Child SA, a rekeying of the IKE SA with nonces of 'j' and 's'. */
static void write_story(struct story *s)
{
    struct ike_keys ike, rekeyed;
    struct child_keys child;
    uint8_t a[16], b[16], c[16], spi[8];
    struct error error = {{0}};

    ck_assert(ike_keys_derive(s->crypto, &ike_suite, filled('i', a),
                              filled('r', b), secret_of(0, c), SPI_I, SPI_R,
                              &ike, &error));
    begin(s, IKE_SA_INIT, false, 0);
    s->message.header.spi_r = 0;
    add_sa(s, PROTOCOL_IKE, &ike_suite, bytes_of(NULL, 0), true);
    add_nonce(s, 'i');
    send(s, NULL);
    begin(s, IKE_SA_INIT, true, 0);
    add_sa(s, PROTOCOL_IKE, &ike_suite, bytes_of(NULL, 0), false);
    add_nonce(s, 'r');
    send(s, NULL);
    for (uint32_t id = 1; id <= 2; id++) {
        uint8_t exchange = id == 1 ? IKE_AUTH : CREATE_CHILD_SA;
        begin(s, exchange, false, id);
        write_u32(spi, 0xc0ffee00 + id);
        add_sa(s, PROTOCOL_ESP, &esp_suite, bytes_of(spi, 4), true);
        if (id == 2)
            add_nonce(s, 'k');
        send(s, &ike.ei);
        begin(s, exchange, true, id);
        write_u32(spi, 0xdeadbe00 + id);
        add_sa(s, PROTOCOL_ESP, &esp_suite, bytes_of(spi, 4), false);
        if (id == 2)
            add_nonce(s, 't');
        send(s, &ike.er);
        ck_assert(child_keys_derive(
            s->crypto, &esp_suite, ike_suite.prf, key_view(&ike.d),
            filled(id == 1 ? 'i' : 'k', a), filled(id == 1 ? 'r' : 't', b),
            bytes_of(NULL, 0), &child, &error));
        send_esp(s, 0xdeadbe00 + id, &child.encr_i, &child.integ_i, false);
        send_esp(s, 0xc0ffee00 + id, &child.encr_r, &child.integ_r, true);
    }
    begin(s, CREATE_CHILD_SA, false, 3);
    write_u64(spi, NEW_I);
    add_sa(s, PROTOCOL_IKE, &ike_suite, bytes_of(spi, 8), true);
    add_nonce(s, 'j');
    send(s, &ike.ei);
    begin(s, CREATE_CHILD_SA, true, 3);
    write_u64(spi, NEW_R);
    add_sa(s, PROTOCOL_IKE, &ike_suite, bytes_of(spi, 8), false);
    add_nonce(s, 's');
    send(s, &ike.er);
    ck_assert(ike_keys_derive_rekeyed(
        s->crypto, &ike_suite, ike_suite.prf, key_view(&ike.d), filled('j', a),
        filled('s', b), secret_of(16, c), NEW_I, NEW_R, &rekeyed, &error));
    begin(s, INFORMATIONAL, false, 0);
    s->message.header.spi_i = NEW_I;
    s->message.header.spi_r = NEW_R;
    send(s, &rekeyed.ei);
}

static void make_story(void)
{
    struct story s = {.crypto = crypto_new(), .time = START_TIME};
    struct error error = {{0}};

    scratch_make();
    s.writer = trace_writer_open(scratch_path("t"), LINKTYPE_RAW, &error);
    ck_assert_msg(s.writer != NULL, "%s", error.text);
    write_story(&s);
    trace_writer_close(s.writer, NULL);
    for (size_t i = 0; i < 4; i++)
        buffer_free(&s.payloads[i]);
    buffer_free(&s.out);
    buffer_free(&s.frame);
    crypto_free(s.crypto);
}

/* The status of each frame, a letter: c clear, o opened, n no key, B bad. */
static void read_with(const char *table, const char *expected,
                      struct trace_counts *counts)
{
    struct trace_keys *keys = trace_keys_new();
    struct trace_event event;
    struct error error = {{0}};
    char seen[32] = "";

    scratch_write("secrets", bytes_of_string(table));
    if (!trace_keys_load(keys, scratch_path("secrets"), &error))
        ck_abort_msg("%s", error.text);
    struct trace_reader *reader = open_one(scratch_path("t"), keys);
    while (trace_next(reader, &event, &error)) {
        char letter = '?';
        if (event.kind == TRACE_IKE)
            letter = "conB?f"[event.ike.status];
        else if (event.kind == TRACE_ESP)
            letter = "onB"[event.esp.status];
        ck_assert_uint_lt(strlen(seen), sizeof seen - 1);
        strncat(seen, &letter, 1);
    }
    ck_assert_str_eq(seen, expected);
    trace_reader_counts(reader, counts);
    trace_reader_free(reader);
    trace_keys_free(keys);
}

START_TEST(secrets)
{
    static const struct {
        const char *table, *expected;
        uint64_t ike, esp;
    } rows[] = {
        {"secret 0101010101010101 " GIR "\nsecret 0303030303030303 " GIR_2,
         "cc"
         "oooo"
         "oooo"
         "oo"
         "o",
         2, 4},
        {"secret 0101010101010101 " GIR "\n",
         "cc"
         "oooo"
         "oooo"
         "oo"
         "n",
         1, 4},
        /* a wrong one accuses nobody */
        {"secret 0101010101010101 " GIR_2 "\n",
         "cc"
         "nnnn"
         "nnnn"
         "nn"
         "n",
         1, 0},
        {"secret 0101010101010101 " GIR "\nsecret 0303030303030303 " GIR,
         "cc"
         "oooo"
         "oooo"
         "oo"
         "n",
         2, 4},
        {"secret 0505050505050505 " GIR "\n",
         "cc"
         "nnnn"
         "nnnn"
         "nn"
         "n",
         0, 0},
    };
    struct trace_counts counts;

    read_with(rows[_i].table, rows[_i].expected, &counts);
    ck_assert_uint_eq(counts.ike_derived, rows[_i].ike);
    ck_assert_uint_eq(counts.esp_derived, rows[_i].esp);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace_secret");
    TCase *tests = tcase_create("secrets");

    tcase_add_checked_fixture(tests, make_story, scratch_remove);
    tcase_add_loop_test(tests, secrets, 0, 5);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
