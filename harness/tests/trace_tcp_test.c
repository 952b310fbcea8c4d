/* IKE and ESP in TCP (RFC 9329): order, loss, copies, records across
 * segments. */
#include "trace_support.h"

#define IKE_MESSAGE                                                            \
    1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 0, 0x20, 37, 0x08, 0, 0,   \
        0, 7, 0, 0, 0, 28
/* Length 34, non-ESP marker, message */
#define IKE_RECORD 0, 34, 0, 0, 0, 0, IKE_MESSAGE
/* Length 16, SPI, sequence number n, six octets */
#define ESP_RECORD(n) 0, 16, 0xc0, 0xff, 0xee, 1, 0, 0, 0, n, 9, 9, 9, 9, 9, 9

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

/* `stream` from `from` on, as one segment; sequence numbers begin at ISN + 1
 * and pass over zero soon. */
#define ISN UINT32_C(0xfffffff0)

struct script {
    struct trace_writer *writer;
    struct bytes stream;
    uint64_t time;
    struct buffer frame;
};

static void begin(struct script *script, struct bytes stream)
{
    struct error error = {{0}};

    *script = (struct script){.stream = stream, .time = START_TIME};
    script->writer = trace_writer_open(scratch_path("t"), LINKTYPE_RAW, &error);
    ck_assert_msg(script->writer != NULL, "%s", error.text);
}

static void put_segment(struct script *script, uint32_t sequence, uint8_t flags,
                        struct bytes octets)
{
    struct buffer *f = &script->frame;

    buffer_clear(f);
    buffer_bytes(f, bytes_of("\x45\0\0\0\0\0\x40\0\x40\6\0\0", 12));
    buffer_bytes(f, bytes_of("\xc0\0\2\1\xc0\0\2\2", 8));
    buffer_u16(f, 40000);
    buffer_u16(f, 4500);
    buffer_u32(f, sequence);
    buffer_u32(f, 1);
    buffer_u8(f, 0x50);
    buffer_u8(f, flags);
    buffer_bytes(f, bytes_of("\xff\xff\0\0\0\0", 6));
    buffer_bytes(f, octets);
    write_u16(f->data + 2, (uint16_t)f->size);
    put_frame(script->writer, script->time++, buffer_view(f), NULL);
}

static void put_part(struct script *script, size_t from, size_t size)
{
    put_segment(script, ISN + 1 + (uint32_t)from, ACK,
                bytes_slice(script->stream, from, size));
}

/* What the events are, a letter each: I, E, C for cut off; '.' for others;
 * with the frames in which they came. */
static void expect(struct script *script, const char *expected,
                   struct trace_counts *counts)
{
    struct trace_event event;
    struct error error = {{0}};
    struct buffer seen = {0};

    trace_writer_close(script->writer, NULL);
    struct trace_reader *reader = open_one(scratch_path("t"), NULL);
    while (trace_next(reader, &event, &error)) {
        if (event.kind == TRACE_IKE) {
            ck_assert_int_eq(event.ike.status, TRACE_IKE_CLEAR);
            ck_assert_uint_eq(event.ike.header.message_id, 7);
            ck_assert(event.packet.marker);
            buffer_format(&seen, "I%d ", (int)event.frame);
        } else if (event.kind == TRACE_ESP) {
            ck_assert_uint_eq(event.esp.packet.spi, 0xc0ffee01);
            buffer_format(&seen, "E%u@%d ", event.esp.packet.sequence,
                          (int)event.frame);
        } else if (event.kind == TRACE_CUT) {
            buffer_format(&seen, "C%d ", (int)event.frame);
        }
    }
    ck_assert_str_eq(error.text, "");
    buffer_u8(&seen, 0);
    ck_assert_str_eq((const char *)seen.data, expected);
    if (counts)
        trace_reader_counts(reader, counts);
    trace_reader_free(reader);
    buffer_free(&seen);
    buffer_free(&script->frame);
}

static const uint8_t octets[] = {'I',           'K',           'E',
                                 'T',           'C',           'P',
                                 IKE_RECORD,    ESP_RECORD(1), ESP_RECORD(2),
                                 ESP_RECORD(3), IKE_RECORD,    ESP_RECORD(4)};
/* where each record begins */
enum { R0 = 6, R1 = 40, R2 = 56, R3 = 72, R4 = 88, R5 = 122, END = 138 };

static struct bytes whole(void)
{
    return bytes_of(octets, sizeof octets);
}

START_TEST(one_segment)
{
    struct script s;

    begin(&s, whole());
    ck_assert_uint_eq(sizeof octets, END);
    put_segment(&s, ISN, SYN, bytes_of(NULL, 0));
    put_part(&s, 0, END);
    expect(&s, "I2 E1@2 E2@2 E3@2 I2 E4@2 ", NULL);
}
END_TEST

START_TEST(an_octet_a_segment)
{
    struct script s;

    begin(&s, whole());
    put_segment(&s, ISN, SYN, bytes_of(NULL, 0));
    for (size_t i = 0; i < END; i++)
        put_part(&s, i, 1);
    expect(&s, "I41 E1@57 E2@73 E3@89 I123 E4@139 ", NULL);
}
END_TEST

/* Cut in two at every octet, the halves in order, swapped, doubled. */
START_TEST(two_segments)
{
    for (size_t cut = 1; cut < END; cut++) {
        struct script s;
        char expected[128] = "";
        static const size_t ends[] = {R1, R2, R3, R4, R5, END};
        static const char *const names[] = {"I",   "E1@", "E2@",
                                            "E3@", "I",   "E4@"};
        for (size_t i = 0; i < 6; i++)
            snprintf(expected + strlen(expected),
                     sizeof expected - strlen(expected), "%s%d ", names[i],
                     _i == 1 || ends[i] > cut ? 3 : 2);
        begin(&s, whole());
        put_segment(&s, ISN, SYN, bytes_of(NULL, 0));
        put_part(&s, _i == 1 ? cut : 0, _i == 1 ? END : cut);
        put_part(&s, _i == 1 ? 0 : cut, _i == 1 ? cut : END);
        if (_i == 2) { /* sent again, otherwise cut */
            put_part(&s, 0, END);
            put_part(&s, cut / 2, END);
            put_segment(&s, ISN, SYN, bytes_of(NULL, 0));
        }
        expect(&s, expected, NULL);
    }
}
END_TEST

/* What is missing is said, and the next record is found again. */
START_TEST(a_lost_segment)
{
    struct script s;
    struct trace_counts counts;

    begin(&s, whole());
    put_segment(&s, ISN, SYN, bytes_of(NULL, 0));
    put_part(&s, 0, R1);
    put_part(&s, R2 + 5, R4 - R2 - 5); /* rest of 2, and 3 */
    put_part(&s, R4, END - R4);
    s.time += 10 * NS_PER_S;
    put_part(&s, END, 0);
    put_segment(&s, ISN + 1 + END, ACK,
                bytes_of((const uint8_t[]){ESP_RECORD(5)}, 16));
    expect(&s, "I2 C6 I6 E4@6 E5@6 ", &counts);
    ck_assert_uint_eq(counts.tcp_gaps, 1);
    ck_assert_uint_eq(counts.tcp_given_up, 0);
}
END_TEST

START_TEST(from_the_middle_on)
{
    struct script s;

    begin(&s, whole());
    put_part(&s, R1 + 3, R3 - R1 - 3); /* cannot be told */
    put_part(&s, R3, R5 - R3);
    put_part(&s, R5, END - R5);
    expect(&s, "E3@2 I2 E4@3 ", NULL);
}
END_TEST

START_TEST(another_protocol)
{
    struct script s;
    struct trace_counts counts;
    static const uint8_t tls[] = {0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0};

    begin(&s, bytes_of(tls, sizeof tls));
    put_segment(&s, ISN, SYN, bytes_of(NULL, 0));
    put_part(&s, 0, sizeof tls);
    put_part(&s, 0, sizeof tls);
    expect(&s, "C2 ", &counts);
    ck_assert_uint_eq(counts.tcp_given_up, 1);
}
END_TEST

/* Octets without sense, from the middle of a connection on. */
START_TEST(no_sense_at_all)
{
    struct script s;
    struct trace_counts counts;
    struct trace_event event;
    uint8_t noise[1400];
    uint32_t state = 1;
    size_t gone = 0;

    begin(&s, bytes_of(NULL, 0));
    for (size_t i = 0; i < 300; i++) {
        for (size_t j = 0; j < sizeof noise; j++) {
            state = state * 1664525 + 1013904223;
            noise[j] = (uint8_t)(state >> 24);
        }
        put_segment(&s, ISN + 1 + (uint32_t)gone, ACK,
                    bytes_of(noise, sizeof noise));
        gone += sizeof noise;
    }
    trace_writer_close(s.writer, NULL);
    struct trace_reader *reader = open_one(scratch_path("t"), NULL);
    size_t cut = 0, ours = 0;
    while (trace_next(reader, &event, NULL)) {
        cut += event.kind == TRACE_CUT;
        ours += event.kind == TRACE_IKE || event.kind == TRACE_ESP;
    }
    trace_reader_counts(reader, &counts);
    ck_assert_uint_eq(ours, 0);
    ck_assert_uint_eq(cut, 1);
    ck_assert_uint_eq(counts.tcp_given_up, 1);
    trace_reader_free(reader);
    buffer_free(&s.frame);
}
END_TEST

/* More connections than are kept, interleaved and cut: nothing but memory. */
START_TEST(flipped_octets)
{
    struct script s;
    uint32_t state = (uint32_t)_i + 1;
    uint8_t copy[END];

    begin(&s, whole());
    for (size_t i = 0; i < 2000; i++) {
        memcpy(copy, octets, END);
        state = state * 1664525 + 1013904223;
        copy[state >> 8 & 127] ^= (uint8_t)(state >> 24);
        put_segment(&s, ISN + (state >> 20 & 255),
                    state >> 28 == 0   ? SYN
                    : state >> 28 == 1 ? RST
                                       : ACK,
                    bytes_of(copy, state >> 16 & 127));
    }
    trace_writer_close(s.writer, NULL);
    struct trace_reader *reader = open_one(scratch_path("t"), NULL);
    struct trace_event event;
    struct error error = {{0}};
    size_t frames = 0;
    while (trace_next(reader, &event, &error)) {
        ck_assert(event.frame == frames || event.frame == frames + 1);
        frames = event.frame;
    }
    ck_assert_uint_eq(frames, 2000);
    ck_assert_str_eq(error.text, "");
    trace_reader_free(reader);
    buffer_free(&s.frame);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace_tcp");
    TCase *tests = tcase_create("tcp");

    tcase_add_checked_fixture(tests, scratch_make, scratch_remove);
    tcase_add_test(tests, one_segment);
    tcase_add_test(tests, an_octet_a_segment);
    tcase_add_loop_test(tests, two_segments, 0, 3);
    tcase_add_test(tests, a_lost_segment);
    tcase_add_test(tests, from_the_middle_on);
    tcase_add_test(tests, another_protocol);
    tcase_add_test(tests, no_sense_at_all);
    tcase_add_loop_test(tests, flipped_octets, 0, 4);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
