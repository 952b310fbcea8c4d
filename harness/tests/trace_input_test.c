/* What may be around IKE and ESP in a frame: link layers, tunnels, fragments,
 * TCP; and what several captures and comments add. */
#include "trace_support.h"

/* An IKE message without payloads: SPIs, next payload 0, version 2.0,
 * INFORMATIONAL, request of the initiator, Message ID 7, 28 octets. */
#define IKE_MESSAGE                                                            \
    1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 0, 0x20, 37, 0x08, 0, 0,   \
        0, 7, 0, 0, 0, 28
/* IPv4, 56 octets: no checksum that is right, port 500 to 500, Length 36 */
#define IPV4_UDP                                                               \
    0x45, 0, 0, 56, 0, 1, 0, 0, 64, 17, 0xba, 0xad, 192, 0, 2, 1, 192, 0, 2,   \
        2, 1, 0xf4, 1, 0xf4, 0, 36, 0xba, 0xad
#define V4 IPV4_UDP, IKE_MESSAGE
/* IPv6 with destination options before UDP */
#define V6                                                                     \
    0x60, 0, 0, 0, 0, 44, 60, 64, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0,  \
        0, 0, 0, 1, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,    \
        17, 0, 1, 4, 0, 0, 0, 0, 1, 0xf4, 1, 0xf4, 0, 36, 0, 0, IKE_MESSAGE
#define MACS 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2

static const uint8_t ethernet[] = {MACS, 8, 0, V4};
static const uint8_t padded[] = {MACS, 8, 0, V4, 0, 0, 0, 0, 0, 0};
static const uint8_t with_options[] = {
    /* router alert and an end of options */
    MACS, 8,   0, 0x47, 0,    0,   64,   0, 1,  0,    0, 64,         17, 0,
    0,    192, 0, 2,    1,    192, 0,    2, 2,  0x94, 4, 0,          0,  0,
    0,    0,   0, 1,    0xf4, 1,   0xf4, 0, 36, 0,    0, IKE_MESSAGE};
static const uint8_t vlan[] = {MACS, 0x81, 0, 0, 7, 8, 0, V4};
static const uint8_t qinq[] = {MACS, 0x88, 0xa8, 0, 9, 0x81, 0, 0, 7, 8, 0, V4};
static const uint8_t qinq_old[] = {MACS, 0x91, 0, 0,    9,    0x81,
                                   0,    0,    7, 0x86, 0xdd, V6};
static const uint8_t mpls[] = {MACS, 0x88, 0x47, 0,    1,  0x40,
                               64,   0,    1,    0x51, 64, V4};
static const uint8_t pppoe[] = {MACS, 0x88, 0x64, 0x11, 0,    0,
                                1,    0,    58,   0,    0x21, V4};
static const uint8_t cooked[] = {0, 0, 0, 1, 0, 6, 2, 0, 0,
                                 0, 0, 1, 0, 0, 8, 0, V4};
static const uint8_t cooked_2[] = {0x86, 0xdd, 0, 0, 0, 0, 0, 3, 0, 1, 0,
                                   6,    2,    0, 0, 0, 0, 1, 0, 0, V6};
static const uint8_t raw[] = {V4};
static const uint8_t raw_6[] = {V6};
static const uint8_t null_little[] = {2, 0, 0, 0, V4};
static const uint8_t null_big[] = {0, 0, 0, 30, V6};
static const uint8_t ppp[] = {0, 0x21, V4};
static const uint8_t ppp_hdlc[] = {0xff, 3, 0, 0x57, V6};
/* GRE with a key, from 10.0.0.1 to 10.0.0.2 */
static const uint8_t gre[] = {MACS, 8,    0, 0x45, 0,  0, 84, 0, 1,  0, 0,
                              64,   47,   0, 0,    10, 0, 0,  1, 10, 0, 0,
                              2,    0x20, 0, 8,    0,  0, 0,  0, 9,  V4};

static const struct {
    const char *name;
    uint16_t linktype;
    const uint8_t *frame;
    size_t size;
} frames[] = {
#define ROW(linktype, frame)                                                   \
    {                                                                          \
#frame, linktype, frame, sizeof(frame)                                 \
    }
    ROW(1, ethernet),   ROW(1, padded),      ROW(1, with_options),
    ROW(1, vlan),       ROW(1, qinq),        ROW(1, qinq_old),
    ROW(1, mpls),       ROW(1, pppoe),       ROW(113, cooked),
    ROW(276, cooked_2), ROW(101, raw),       ROW(101, raw_6),
    ROW(12, raw),       ROW(14, raw_6),      ROW(228, raw),
    ROW(229, raw_6),    ROW(0, null_little), ROW(0, null_big),
    ROW(108, null_big), ROW(9, ppp),         ROW(50, ppp_hdlc),
    ROW(1, gre),
#undef ROW
};
enum { FRAMES = sizeof frames / sizeof frames[0] };

/* ---- Writing captures and reading them ---- */

static struct trace_writer *writer_of(const char *name, uint32_t linktype)
{
    struct error error = {{0}};
    struct trace_writer *writer =
        trace_writer_open(scratch_path(name), linktype, &error);

    ck_assert_msg(writer != NULL, "%s", error.text);
    return writer;
}

static struct trace_event read_one(struct trace_reader *reader)
{
    struct trace_event event;
    struct error error = {{0}};

    if (!trace_next(reader, &event, &error))
        ck_abort_msg("no event: %s", error.text);
    return event;
}

static void assert_end(struct trace_reader *reader)
{
    struct trace_event event;
    struct error error = {{0}};

    ck_assert(!trace_next(reader, &event, &error));
    ck_assert_str_eq(error.text, "");
    trace_reader_free(reader);
}

static void assert_message(const struct trace_event *event, const char *name)
{
    ck_assert_msg(event->kind == TRACE_IKE, "%s: kind %d, %s", name,
                  event->kind, event->reason ? event->reason : "");
    ck_assert_int_eq(event->ike.status, TRACE_IKE_CLEAR);
    ck_assert_uint_eq(event->ike.header.message_id, 7);
    ck_assert_uint_eq(event->ike.octets.size, 28);
}

START_TEST(link_types)
{
    struct trace_writer *writer = writer_of("t", frames[_i].linktype);

    put_frame(writer, START_TIME, bytes_of(frames[_i].frame, frames[_i].size),
              NULL);
    trace_writer_close(writer, NULL);
    struct trace_reader *reader = open_one(scratch_path("t"), NULL);
    struct trace_event event = read_one(reader);
    assert_message(&event, frames[_i].name);
    assert_end(reader);
}
END_TEST

/* Any cut is a frame that is given, and never more than a message. */
START_TEST(frames_cut_at_every_octet)
{
    struct trace_writer *writer = writer_of("t", frames[_i].linktype);
    size_t size = frames[_i].size - (frames[_i].frame == padded ? 6 : 0);

    for (size_t cut = 0; cut < size; cut++)
        put_frame(writer, START_TIME, bytes_of(frames[_i].frame, cut), NULL);
    trace_writer_close(writer, NULL);
    struct trace_reader *reader = open_one(scratch_path("t"), NULL);
    for (size_t cut = 0; cut < size; cut++) {
        struct trace_event event = read_one(reader);
        ck_assert_uint_eq(event.frame, cut + 1);
        ck_assert_msg(event.kind == TRACE_CUT || event.kind == TRACE_OTHER,
                      "%s cut at %zu: kind %d", frames[_i].name, cut,
                      event.kind);
        if (event.kind == TRACE_CUT)
            ck_assert_str_ne(event.reason, "");
    }
    assert_end(reader);
}
END_TEST

/* ---- Fragments ---- */

/* A fragment of an IPv6 packet whose destination options and UDP header are
 * in the first one; later ones say another Next Header, which is allowed. */
static struct bytes fragment_6(struct buffer *out, size_t offset, size_t size,
                               bool more)
{
    static const uint8_t whole[] = {V6};
    const size_t part = sizeof whole - 40;

    buffer_clear(out);
    buffer_bytes(out, bytes_of(whole, 40));
    write_u16(out->data + 4, (uint16_t)(8 + size));
    out->data[6] = 44;
    buffer_u8(out, offset ? 17 : 60);
    buffer_u8(out, 0);
    buffer_u16(out, (uint16_t)(offset | more));
    buffer_u32(out, 0x1234);
    ck_assert(offset + size <= part);
    buffer_bytes(out, bytes_of(whole + 40 + offset, size));
    return buffer_view(out);
}

START_TEST(fragments_of_ipv6)
{
    struct trace_writer *writer = writer_of("t", LINKTYPE_RAW);
    struct buffer frame = {0};

    put_frame(writer, START_TIME, fragment_6(&frame, 16, 28, false), NULL);
    put_frame(writer, START_TIME, fragment_6(&frame, 0, 8, true), NULL);
    put_frame(writer, START_TIME, fragment_6(&frame, 0, 8, true), NULL);
    put_frame(writer, START_TIME, fragment_6(&frame, 8, 8, true), NULL);
    put_frame(writer, START_TIME, fragment_6(&frame, 8, 8, true), NULL);
    trace_writer_close(writer, NULL);
    struct trace_reader *reader = open_one(scratch_path("t"), NULL);
    struct trace_counts counts;
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(read_one(reader).kind, TRACE_OTHER);
    struct trace_event event = read_one(reader);
    assert_message(&event, "fragments");
    ck_assert_int_eq(read_one(reader).kind, TRACE_OTHER);
    trace_reader_counts(reader, &counts);
    ck_assert_uint_eq(counts.ip_incomplete, 1); /* the copy of the last one */
    assert_end(reader);
    buffer_free(&frame);
}
END_TEST

/* ---- Other ports, AH ---- */

START_TEST(other_ports)
{
    static const uint16_t ports[] = {1, 10500};
    static const uint8_t marked[] = {0, 0, 0, 0, IKE_MESSAGE};
    static const uint8_t esp[] = {0xc0, 0xff, 0xee, 0, 0, 0, 0, 5, 1, 2, 3, 4};
    struct trace_writer *writer = writer_of("t", LINKTYPE_RAW);
    struct buffer frame = {0};
    const char *path = scratch_path("t");
    struct trace_options options = {
        .captures = &path, .capture_count = 1, .ports = {ports, _i ? 2 : 0}};

    put_frame(writer, START_TIME,
              make_packet(&frame, CARRIER_UDP, "192.0.2.1", "192.0.2.2", 10500,
                          bytes_of(marked + 4, sizeof marked - 4)),
              NULL);
    put_frame(writer, START_TIME,
              make_packet(&frame, CARRIER_UDP, "192.0.2.1", "192.0.2.2", 10500,
                          bytes_of(marked, sizeof marked)),
              NULL);
    put_frame(writer, START_TIME,
              make_packet(&frame, CARRIER_UDP, "192.0.2.1", "192.0.2.2", 10500,
                          bytes_of(esp, sizeof esp)),
              NULL);
    trace_writer_close(writer, NULL);
    buffer_free(&frame);
    struct trace_reader *reader = trace_reader_open(&options, NULL);
    for (size_t i = 0; i < 2; i++) {
        struct trace_event event = read_one(reader);
        if (_i)
            assert_message(&event, "port 10500");
        else
            ck_assert_int_eq(event.kind, TRACE_OTHER);
    }
    struct trace_event event = read_one(reader);
    ck_assert_int_eq(event.kind, _i ? TRACE_ESP : TRACE_OTHER);
    assert_end(reader);
}
END_TEST

START_TEST(ah_counters)
{
    static const uint8_t packet[] = {
        0x45, 0, 0, 44, 0, 1, 0, 0, 64, 51, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2,
        /* next header IPv4, 6 words less 2, reserved, SPI, sequence, ICV */
        4, 4, 0, 0, 0xde, 0xad, 0xbe, 0xef, 0, 0, 1, 2, 1, 2, 3, 4, 5, 6, 7, 8,
        9, 10, 11, 12};
    struct trace_writer *writer = writer_of("t", LINKTYPE_RAW);

    put_frame(writer, START_TIME, bytes_of(packet, sizeof packet), NULL);
    trace_writer_close(writer, NULL);
    struct trace_reader *reader = open_one(scratch_path("t"), NULL);
    struct trace_event event = read_one(reader);
    ck_assert_int_eq(event.kind, TRACE_AH);
    ck_assert_uint_eq(event.ah.spi, 0xdeadbeef);
    ck_assert_uint_eq(event.ah.sequence, 0x102);
    ck_assert_uint_eq(event.ah.next_header, 4);
    ck_assert_uint_eq(event.ah.rest.size, 12);
    assert_end(reader);
}
END_TEST

/* ---- Several captures ---- */

/* An ESP packet that says its number; `hops` differ from place to place. */
static struct bytes numbered(struct buffer *out, uint32_t number, uint8_t hops)
{
    uint8_t payload[16] = {0xc0, 0xff, 0xee, 1};

    write_u32(payload + 4, number);
    make_packet(out, CARRIER_ESP, "192.0.2.1", "192.0.2.2", 0,
                bytes_of(payload, sizeof payload));
    out->data[8] = hops;
    return buffer_view(out);
}

/* What is in both captures is given once, whatever their clocks say; what was
 * sent twice, twice. */
START_TEST(copies_are_given_once)
{
    static const uint32_t sent[] = {1, 2, 3, 3, 4};
    const char *paths[] = {scratch_path("a"), scratch_path("b")};
    struct trace_options options = {.captures = paths, .capture_count = 2};
    struct trace_counts counts;
    struct buffer frame = {0};
    const uint64_t skew = _i == 0 ? 0 : _i == 1 ? NS_PER_S : NS_PER_MS;

    for (unsigned file = 0; file < 2; file++) {
        struct trace_writer *writer = writer_of(file ? "b" : "a", LINKTYPE_RAW);
        for (uint32_t i = 0; i < 5; i++)
            if (!(file == 1 && i == 1)) /* b lost the second */
                put_frame(writer,
                          START_TIME + i * NS_PER_MS + (file ? skew : 0),
                          numbered(&frame, sent[i], file ? 63 : 64), NULL);
        trace_writer_close(writer, NULL);
    }
    struct trace_reader *reader = trace_reader_open(&options, NULL);
    struct trace_event event;
    size_t given = 0, copies = 0;
    uint64_t last = 0;
    while (trace_next(reader, &event, NULL)) {
        ck_assert_uint_ge(event.time, last);
        last = event.time;
        if (event.kind == TRACE_ESP) {
            ck_assert_uint_eq(event.esp.packet.sequence, sent[given++]);
        } else {
            ck_assert_str_eq(event.reason,
                             "the same packet is in another capture");
            copies++;
        }
    }
    ck_assert_uint_eq(given, 5);
    ck_assert_uint_eq(copies, 4);
    trace_reader_counts(reader, &counts);
    ck_assert_uint_eq(counts.copies, 4);
    trace_reader_free(reader);
    buffer_free(&frame);
}
END_TEST

/* ---- Comments ---- */

START_TEST(failovers_in_comments)
{
    struct trace_writer *writer = writer_of("t", LINKTYPE_RAW);
    struct buffer frame = {0};

    put_frame(writer, START_TIME, numbered(&frame, 1, 64), "a comment");
    put_frame(writer, START_TIME + 5, numbered(&frame, 2, 64),
              "seen by hand\ncounterfoil: fail_over gateway planned\r\n"
              "counterfoil: fail_over nobody\ncounterfoil: fail_over harness");
    trace_writer_close(writer, NULL);
    struct trace_reader *reader = open_one(scratch_path("t"), NULL);
    ck_assert_int_eq(read_one(reader).kind, TRACE_ESP);
    for (size_t i = 0; i < 2; i++) {
        struct trace_event event = read_one(reader);
        const char *cluster, *kind, *name;
        json_int_t time;
        ck_assert_int_eq(event.kind, TRACE_NOTE);
        ck_assert_uint_eq(event.time, START_TIME + 5);
        json_t *note = json_deep_copy(event.note);
        ck_assert_int_eq(json_unpack(note, "{sI ss ss ss}", "time", &time,
                                     "event", &name, "cluster", &cluster,
                                     "kind", &kind),
                         0);
        ck_assert_str_eq(name, "fail_over");
        ck_assert_str_eq(cluster, i ? "harness" : "gateway");
        ck_assert_str_eq(kind, i ? "crash" : "planned");
        json_decref(note);
    }
    struct trace_event event = read_one(reader);
    ck_assert_int_eq(event.kind, TRACE_ESP);
    ck_assert_uint_eq(event.frame, 2);
    assert_end(reader);
    buffer_free(&frame);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace_input");
    TCase *tests = tcase_create("input");

    tcase_add_checked_fixture(tests, scratch_make, scratch_remove);
    tcase_add_loop_test(tests, link_types, 0, FRAMES);
    tcase_add_loop_test(tests, frames_cut_at_every_octet, 0, FRAMES);
    tcase_add_test(tests, fragments_of_ipv6);
    tcase_add_loop_test(tests, other_ports, 0, 2);
    tcase_add_test(tests, ah_counters);
    tcase_add_loop_test(tests, copies_are_given_once, 0, 3);
    tcase_add_test(tests, failovers_in_comments);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
