/* Broken files: cut at every octet, and with octets flipped at random from
 * fixed seeds. Each gives a verdict on what can be read, or one line that says
 * where and how many; the sanitizers watch. */
#include "oracle/oracle.h"
#include "trace_support.h"

#define SPI_I UINT64_C(0x0101010101010101)
#define SPI_R UINT64_C(0x0202020202020202)

static const struct suite suite = {.encr = ENCR_AES_GCM_16, .encr_bits = 128};
static const struct key key = {.size = 20, .octets = "0123456789abcdefSALT"};

static struct trace_keys *make_keys(void)
{
    struct trace_keys *keys = trace_keys_new();
    struct address from = endpoint_at("192.0.2.1", 0).address;
    struct address to = endpoint_at("2001:db8::2", 0).address, any = {0};
    struct ike_keys ike = {.ei = key, .er = key};

    trace_keys_add_ike(keys, SPI_I, SPI_R, &suite, &ike);
    trace_keys_add_ike(keys, SPI_I, 3, &suite, &ike);
    trace_keys_add_esp(keys, &any, &any, 0xc0ffee01, &suite, &key, NULL);
    trace_keys_add_esp(keys, &from, &to, 0xc0ffee02, &suite, &key, NULL);
    return keys;
}

/* ---- A small capture of everything ---- */

static void put_udp(struct trace_writer *writer, struct buffer *scratch_frame,
                    uint16_t port, struct bytes payload, const char *comment)
{
    put_frame(writer, START_TIME,
              make_packet(scratch_frame, CARRIER_UDP, "192.0.2.1", "192.0.2.2",
                          port, payload),
              comment);
}

static void put_messages(struct trace_writer *writer)
{
    struct crypto *crypto = crypto_new();
    struct buffer out = {0}, frame = {0};
    static const uint8_t iv[8] = {1}, inner[20] = {0x45, 0, 0, 20};
    struct protection p;
    uint8_t notify[8] = {0, 0, 0x40, 0x16};
    struct ike_message message = {.header = {.spi_i = SPI_I,
                                             .spi_r = SPI_R,
                                             .version = 0x20,
                                             .exchange = INFORMATIONAL,
                                             .flags = IKE_FLAG_INITIATOR,
                                             .message_id = 2},
                                  .count = 1};

    message.payloads[0] =
        (struct ike_payload){.type = PAYLOAD_NOTIFY,
                             .next = -1,
                             .length = -1,
                             .body = bytes_of(notify, sizeof notify)};
    ck_assert(protection_init(&p, &suite, &key, NULL, NULL));
    ck_assert(sk_seal(crypto, &p, &message, bytes_of(iv, 8), &out));
    put_udp(writer, &frame, 500, buffer_view(&out), NULL);
    buffer_clear(&out);
    ck_assert(skf_seal(crypto, &p, &message.header, PAYLOAD_NOTIFY, 1, 2,
                       bytes_of(notify, 4), bytes_of(iv, 8), &out));
    put_udp(writer, &frame, 500, buffer_view(&out),
            "counterfoil: fail_over gateway");
    buffer_clear(&out);
    uint8_t header[8] = {0xc0, 0xff, 0xee, 1, 0, 0, 0, 1};
    uint8_t plain[24] = {0};
    memcpy(plain, inner, sizeof inner);
    plain[20] = 1, plain[21] = 2, plain[22] = 2, plain[23] = 4;
    buffer_bytes(&out, bytes_of(header, 8));
    struct bytes covered = bytes_of(header, 8);
    ck_assert(protection_seal(crypto, &p, covered, covered, bytes_of(iv, 8),
                              bytes_of(plain, 24), bytes_of(NULL, 0), &out));
    put_udp(writer, &frame, 4500, buffer_view(&out), "a comment");
    buffer_free(&out);
    buffer_free(&frame);
    crypto_free(crypto);
}

/* A record in TCP, and half a packet of IPv4. */
static void put_others(struct trace_writer *writer)
{
    static const uint8_t tcp[] = {
        0x45, 0,    0,    62,  0, 0, 0x40, 0,    64, 6,  0,  0,  192, 0,  2, 1,
        192,  0,    2,    2,   1, 2, 0x11, 0x94, 0,  0,  0,  1,  0,   0,  0, 1,
        0x50, 2,    255,  255, 0, 0, 0,    0,    73, 75, 69, 84, 67,  80, 0, 16,
        0xc0, 0xff, 0xee, 1,   0, 0, 0,    2,    1,  2,  3,  4,  5,   6};
    static const uint8_t part[] = {
        0x45, 0, 0,   28, 0, 9, 0x20, 0,    64, 17,   0, 0,  192, 0,
        2,    1, 192, 0,  2, 2, 1,    0xf4, 1,  0xf4, 0, 16, 0,   0};

    put_frame(writer, START_TIME, bytes_of(tcp, sizeof tcp), NULL);
    put_frame(writer, START_TIME, bytes_of(part, sizeof part), NULL);
}

static const char notes[] =
    "{\"time\":1700000000000000000,\"event\":\"run\",\"role\":\"peer\","
    "\"under_test\":[\"192.0.2.2\"]}\n"
    "{\"time\":1700000000000000000,\"event\":\"fail_over\",\"cluster\":"
    "\"gateway\",\"kind\":\"crash\"}\n"
    "\n"
    "{\"time\":1700000000000000001,\"event\":\"expect\",\"kind\":\"silence\","
    "\"about\":{\"spi_i\":\"0101010101010101\",\"message_id\":2},\"from\":1,"
    "\"until\":2,\"clauses\":[\"RFC7296-2.2-01\"]}\n"
    "{\"time\":1700000000000000002,\"event\":\"end\"}\n";

enum kind { PCAPNG, PCAP, IKE_TABLE, ESP_TABLE, EVENTS, KINDS };
static const char *const names[] = {
    "t.pcapng", "t.pcap", "ikev2_decryption_table", "esp_sa", "events.jsonl"};

/* The frames of a pcapng file of ours as a pcap file of the other order. */
static void write_pcap(void)
{
    struct buffer out = {0}, in = scratch_read(names[PCAPNG]);

    buffer_u32(&out, 0xa1b2c3d4);
    buffer_u32(&out, 0x00020004);
    buffer_u64(&out, 0);
    buffer_u32(&out, 65535);
    buffer_u32(&out, LINKTYPE_RAW);
    for (size_t at = 0; at + 28 <= in.size;) {
        uint32_t type = __builtin_bswap32(read_u32(in.data + at));
        uint32_t size = __builtin_bswap32(read_u32(in.data + at + 4));
        uint32_t captured = __builtin_bswap32(read_u32(in.data + at + 20));
        if (type == 6) {
            buffer_u32(&out, 1700000000);
            buffer_u32(&out, 0);
            buffer_u32(&out, captured);
            buffer_u32(&out, captured);
            buffer_bytes(&out, bytes_of(in.data + at + 28, captured));
        }
        at += size;
    }
    scratch_write(names[PCAP], buffer_view(&out));
    buffer_free(&in);
    buffer_free(&out);
}

static void write_files(void)
{
    struct error error = {{0}};
    struct trace_keys *keys = make_keys();

    scratch_make();
    struct trace_writer *writer =
        trace_writer_open(scratch_path(names[PCAPNG]), LINKTYPE_RAW, &error);
    ck_assert_msg(writer != NULL, "%s", error.text);
    put_messages(writer);
    put_others(writer);
    trace_writer_close(writer, NULL);
    write_pcap();
    ck_assert(trace_keys_write(keys, scratch, &error));
    trace_keys_free(keys);
    scratch_write(names[EVENTS], bytes_of_string(notes));
}

/* ---- Judging ---- */

struct judged {
    size_t events, ours, opened;
    struct error error; /* empty: read to the end */
};

static void judge(const char *path, const struct trace_keys *keys,
                  struct judged *out)
{
    struct trace_options options = {.captures = &path,
                                    .capture_count = 1,
                                    .events = scratch_path(names[EVENTS]),
                                    .keys = keys};
    struct trace_reader *reader = trace_reader_open(&options, &out->error);
    struct oracle_options judged = {0};
    struct trace_event event;
    struct trace_counts counts;
    char reason[256];

    if (!reader)
        return;
    struct oracle *oracle = oracle_new(&judged);
    while (trace_next(reader, &event, &out->error)) {
        out->events++;
        out->ours += event.kind == TRACE_IKE || event.kind == TRACE_ESP;
        out->opened +=
            (event.kind == TRACE_IKE && event.ike.status == TRACE_IKE_OPENED) ||
            (event.kind == TRACE_ESP && event.esp.status == TRACE_ESP_OPENED);
        oracle_event(oracle, &event);
    }
    oracle_finish(oracle, out->error.text[0] == '\0');
    oracle_verdict(oracle, reason, sizeof reason);
    ck_assert_uint_ne(strlen(reason), 0);
    trace_reader_counts(reader, &counts);
    trace_reader_free(reader);
    oracle_free(oracle);
}

static struct judged judge_files(enum kind capture)
{
    struct trace_keys *keys = trace_keys_new();
    struct judged judged = {0};

    if (trace_keys_load_directory(keys, scratch, &judged.error))
        judge(scratch_path(names[capture]), keys, &judged);
    trace_keys_free(keys);
    return judged;
}

/* One line, with the file's name and a number. */
static void assert_message(const struct error *error, enum kind kind,
                           size_t place)
{
    const char *at = strstr(error->text, names[kind]);

    if (!at || !strpbrk(at + strlen(names[kind]), "0123456789") ||
        strchr(error->text, '\n'))
        ck_abort_msg("%s at %zu: '%s'", names[kind], place, error->text);
}

static enum kind capture_for(enum kind kind)
{
    return kind == PCAP ? PCAP : PCAPNG;
}

START_TEST(whole_files)
{
    struct judged judged = judge_files(_i ? PCAP : PCAPNG);

    ck_assert_str_eq(judged.error.text, "");
    ck_assert_uint_eq(judged.ours, 4);
    ck_assert_uint_eq(judged.opened, 2);
    ck_assert_uint_eq(judged.events, 9);
}
END_TEST

START_TEST(cut_at_every_octet)
{
    enum kind kind = (enum kind)_i;
    struct buffer file = scratch_read(names[kind]);
    size_t quiet = 0, before = 0;

    for (size_t size = 0; size < file.size; size++) {
        scratch_write(names[kind], bytes_slice(buffer_view(&file), 0, size));
        struct judged judged = judge_files(capture_for(kind));
        if (judged.error.text[0])
            assert_message(&judged.error, kind, size);
        else
            quiet++;
        if (kind == PCAPNG || kind == PCAP) { /* what is there is judged */
            ck_assert_uint_ge(judged.ours, before);
            before = judged.ours;
        }
    }
    /* Only at the ends of blocks, lines and the like it goes unnoticed. */
    ck_assert_uint_lt(quiet, kind == EVENTS ? 20 : 12);
    buffer_free(&file);
}
END_TEST

START_TEST(flipped_at_random)
{
    enum { VARIANTS = 400 };
    enum kind kind = (enum kind)(_i % KINDS);
    struct buffer file = scratch_read(names[kind]);
    uint8_t *copy = memory_take(file.size);
    uint32_t state = (uint32_t)_i * 2654435761u + 1;

    for (size_t n = 0; n < VARIANTS; n++) {
        memcpy(copy, file.data, file.size);
        state = state * 1664525 + 1013904223;
        for (unsigned flips = 1 + (state >> 30) * 3; flips > 0; flips--) {
            state = state * 1664525 + 1013904223;
            copy[(state >> 8) % file.size] ^=
                (uint8_t)(1 + (state >> 24) % 255);
        }
        scratch_write(names[kind], bytes_of(copy, file.size));
        struct judged judged = judge_files(capture_for(kind));
        if (judged.error.text[0])
            assert_message(&judged.error, kind, n);
    }
    free(copy);
    buffer_free(&file);
}
END_TEST

int main(void)
{
    Suite *suite_ = suite_create("trace_broken");
    TCase *tests = tcase_create("broken files");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, write_files, scratch_remove);
    tcase_add_loop_test(tests, whole_files, 0, 2);
    tcase_add_loop_test(tests, cut_at_every_octet, 0, KINDS);
    tcase_add_loop_test(tests, flipped_at_random, 0, 3 * KINDS);
    suite_add_tcase(suite_, tests);
    return run_suite(suite_);
}
