/* Captures of all kinds, whole and broken. */
#include "trace/pcapng_private.h"
#include "trace_support.h"

/* A section of our own in big endian: IDB (raw IP, microseconds), EPB. */
static const uint8_t big_endian_file[] =
    {0x0a, 0x0d, 0x0d, 0x0a, 0,    0,    0,    28,   0x1a, 0x2b,
     0x3c, 0x4d, /* header */
     0,    1,    0,    0,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0,    0,    0,    28,   0,    0,    0,    1,
     0,    0,    0,    20,   0,    101,  0,    0,    0,    0,
     0,    0,    0,    0,    0,    20, /* IDB */
     0,    0,    0,    6,    0,    0,    0,    60,   0,    0,
     0,    0,    0,    5,    0xf5, 0xe1, 0,    0,    0,    7, /* EPB */
     0,    0,    0,    28,   0,    0,    0,    28,   0x45, 0,
     0,    28,   0,    0,    0,    0,    64,   50,   0,    0,
     10,   0,    0,    1,    10,   0,    0,    2, /* IP */
     0xde, 0xad, 0xbe, 0xef, 0,    0,    0,    9, /* ESP */
     0,    0,    0,    60};

START_TEST(big_endian)
{
    struct error error;
    struct trace_event event;

    scratch_write("t", bytes_of(big_endian_file, sizeof big_endian_file));
    struct trace_reader *reader = open_one(scratch_path("t"), NULL);
    ck_assert(trace_next(reader, &event, &error));
    ck_assert_int_eq(event.kind, TRACE_ESP);
    ck_assert_uint_eq(event.esp.packet.spi, 0xdeadbeef);
    ck_assert_uint_eq(event.esp.packet.sequence, 9);
    ck_assert_uint_eq(event.time, (UINT64_C(0x0005f5e1) << 32 | 7) * 1000);
    ck_assert(!trace_next(reader, &event, &error));
    ck_assert_str_eq(error.text, "");
    trace_reader_free(reader);
}
END_TEST

/* ---- A builder for files that no writer of ours makes ---- */

struct builder {
    struct buffer file;
    size_t block; /* where the current one starts */
    bool big;
};

static void put(struct builder *b, unsigned octets, uint64_t value)
{
    for (unsigned i = 0; i < octets; i++)
        buffer_u8(&b->file,
                  (uint8_t)(value >> 8 * (b->big ? octets - 1 - i : i)));
}

static void begin(struct builder *b, uint32_t type)
{
    b->block = b->file.size;
    put(b, 4, type);
    put(b, 4, 0);
}

static void end(struct builder *b)
{
    size_t total = b->file.size - b->block + 4;

    put(b, 4, total);
    for (unsigned i = 0; i < 4; i++)
        b->file.data[b->block + 4 + i] =
            (uint8_t)(total >> 8 * (b->big ? 3 - i : i));
}

static void pad(struct builder *b)
{
    while ((b->file.size - b->block) % 4)
        buffer_u8(&b->file, 0);
}

static void put_section(struct builder *b, bool big)
{
    b->big = big;
    begin(b, PCAPNG_SECTION_HEADER);
    put(b, 4, PCAPNG_BYTE_ORDER_MAGIC);
    put(b, 2, 1);
    put(b, 2, 0);
    put(b, 8, UINT64_MAX);
    end(b);
}

static void put_interface(struct builder *b, uint16_t linktype, uint32_t snap,
                          uint8_t resolution, int64_t offset)
{
    begin(b, PCAPNG_INTERFACE);
    put(b, 2, linktype);
    put(b, 2, 0);
    put(b, 4, snap);
    put(b, 2, 2); /* if_name, to be passed over */
    put(b, 2, 3);
    buffer_bytes(&b->file, bytes_of("lo0", 4));
    put(b, 2, PCAPNG_IF_TSRESOL);
    put(b, 2, 1);
    put(b, 1, resolution);
    pad(b);
    if (offset) {
        put(b, 2, PCAPNG_IF_TSOFFSET);
        put(b, 2, 8);
        put(b, 8, (uint64_t)offset);
    }
    put(b, 4, 0);
    end(b);
}

static void put_enhanced(struct builder *b, uint32_t interface, uint64_t time,
                         struct bytes frame, const char *comment)
{
    begin(b, PCAPNG_ENHANCED_PACKET);
    put(b, 4, interface);
    put(b, 4, time >> 32);
    put(b, 4, time & UINT32_MAX);
    put(b, 4, frame.size);
    put(b, 4, frame.size);
    buffer_bytes(&b->file, frame);
    pad(b);
    if (comment) {
        put(b, 2, 2); /* epb_flags */
        put(b, 2, 4);
        put(b, 4, 1);
        put(b, 2, PCAPNG_COMMENT);
        put(b, 2, strlen(comment));
        buffer_bytes(&b->file, bytes_of_string(comment));
        pad(b);
    } /* the end of options may be left out */
    end(b);
}

static void put_obsolete(struct builder *b, uint16_t interface, uint64_t time,
                         struct bytes frame)
{
    begin(b, PCAPNG_PACKET);
    put(b, 2, interface);
    put(b, 2, 0xffff);
    put(b, 4, time >> 32);
    put(b, 4, time & UINT32_MAX);
    put(b, 4, frame.size);
    put(b, 4, frame.size);
    buffer_bytes(&b->file, frame);
    pad(b);
    end(b);
}

static void put_simple(struct builder *b, size_t original, struct bytes frame)
{
    begin(b, PCAPNG_SIMPLE_PACKET);
    put(b, 4, original);
    buffer_bytes(&b->file, frame);
    pad(b);
    end(b);
}

/* A block that holds no packet. */
static void put_other(struct builder *b, uint32_t type)
{
    begin(b, type);
    put(b, 4, 32473); /* a Private Enterprise Number for examples */
    put(b, 4, 0x20202020);
    end(b);
}

static void put_words(struct builder *b, uint32_t type, size_t count)
{
    begin(b, type);
    buffer_space(&b->file, 4 * count);
    end(b);
}

/* ESP with `spi`, raw IP or in Ethernet. */
static struct bytes esp_frame(struct buffer *out, bool ethernet, uint32_t spi)
{
    uint8_t payload[11] = {0};
    struct buffer ip = {0};

    write_u32(payload, spi);
    write_u32(payload + 4, 1);
    make_packet(&ip, CARRIER_ESP, "192.0.2.1", "192.0.2.2", 0,
                bytes_of(payload, sizeof payload));
    buffer_clear(out);
    if (ethernet) {
        memset(buffer_space(out, 12), 0x02, 12);
        buffer_u16(out, 0x0800);
    }
    buffer_bytes(out, buffer_view(&ip));
    buffer_free(&ip);
    return buffer_view(out);
}

struct expected {
    uint32_t spi; /* 0: a frame that is not ESP */
    uint64_t time;
    const char *comment;
};

/* Two sections of different byte order, interfaces of different link type,
 * resolution and offset, every kind of packet block. */
static size_t build_mixed(struct builder *b, bool first_big,
                          struct expected expected[16])
{
    struct buffer frame = {0};
    size_t n = 0;
    const uint64_t s = START_TIME / NS_PER_S;

    put_section(b, first_big);
    put_interface(b, 1, 0, 6, 0);
    put_words(b, PCAPNG_NAME_RESOLUTION, 1);
    put_interface(b, 101, 0, 9, 0);
    put_interface(b, 101, 0, 0x80 | 10, 0);
    put_interface(b, 101, 0, 3, -3600);
    put_interface(b, 101, 0, 10, 5);
    put_enhanced(b, 0, s * 1000000 + 1, esp_frame(&frame, true, 0x101), "one");
    expected[n++] = (struct expected){0x101, START_TIME + 1000, "one"};
    put_enhanced(b, 1, START_TIME + 2001, esp_frame(&frame, false, 0x102),
                 NULL);
    expected[n++] = (struct expected){0x102, START_TIME + 2001, ""};
    put_enhanced(b, 2, s * 1024 + 512, esp_frame(&frame, false, 0x103), "");
    expected[n++] = (struct expected){0x103, START_TIME + NS_PER_S / 2, ""};
    put_words(b, PCAPNG_INTERFACE_STATISTICS, 3);
    put_other(b, 0x7fffffff); /* unknown, and not a frame */
    put_enhanced(b, 3, s * 1000 + 7, esp_frame(&frame, false, 0x104), NULL);
    expected[n++] = (struct expected){
        0x104, START_TIME + 7 * NS_PER_MS - 3600 * NS_PER_S, ""};
    put_enhanced(b, 4, s * 10000000000 + 39, esp_frame(&frame, false, 0x105),
                 NULL);
    expected[n++] = (struct expected){0x105, START_TIME + 3 + 5 * NS_PER_S, ""};
    put_obsolete(b, 1, START_TIME + 9, esp_frame(&frame, false, 0x106));
    expected[n++] = (struct expected){0x106, START_TIME + 9, ""};
    put_other(b, 0x00000bad);
    expected[n++] = (struct expected){0, START_TIME + 9, ""};

    put_section(b, !first_big);
    put_interface(b, 101, 0, 6, 0);
    put_simple(b, 31, esp_frame(&frame, false, 0x201));
    expected[n++] = (struct expected){0x201, START_TIME + 9, ""};
    put_enhanced(b, 0, s * 1000000, esp_frame(&frame, false, 0x202), "last");
    expected[n++] = (struct expected){0x202, START_TIME, "last"};
    buffer_free(&frame);
    return n;
}

START_TEST(sections_and_interfaces_of_all_kinds)
{
    struct builder b = {{0}};
    struct expected expected[16];
    struct trace_event event;
    struct error error;
    size_t count = build_mixed(&b, _i, expected);

    scratch_write("t", buffer_view(&b.file));
    struct trace_reader *reader = open_one(scratch_path("t"), NULL);
    for (size_t i = 0; i < count; i++) {
        if (!trace_next(reader, &event, &error))
            ck_abort_msg("frame %zu: %s", i + 1, error.text);
        ck_assert_uint_eq(event.frame, i + 1);
        ck_assert_uint_eq(event.time, expected[i].time);
        ck_assert(
            bytes_equal(event.comment, bytes_of_string(expected[i].comment)));
        if (expected[i].spi)
            ck_assert_uint_eq(event.esp.packet.spi, expected[i].spi);
        ck_assert_int_eq(event.kind, expected[i].spi ? TRACE_ESP : TRACE_OTHER);
    }
    ck_assert(!trace_next(reader, &event, &error));
    ck_assert_str_eq(error.text, "");
    trace_reader_free(reader);
    buffer_free(&b.file);
}
END_TEST

START_TEST(tshark_numbers_frames_alike)
{
    struct builder b = {{0}};
    struct expected expected[16];
    char arguments[256], line[64], *text;
    size_t complaints, count = build_mixed(&b, _i, expected);

    scratch_write("t.pcapng", buffer_view(&b.file));
    snprintf(arguments, sizeof arguments,
             "-r %s -T fields -e frame.number -e esp.spi",
             scratch_path("t.pcapng"));
    struct buffer out = tshark(arguments, &complaints);
    text = (char *)out.data;
    for (size_t i = 0; i < count; i++) {
        if (expected[i].spi)
            snprintf(line, sizeof line, "%zu\t0x%08x\n", i + 1,
                     expected[i].spi);
        else
            snprintf(line, sizeof line, "%zu\t\n", i + 1);
        if (strncmp(text, line, strlen(line)) != 0)
            ck_abort_msg("frame %zu: %s", i + 1, (char *)out.data);
        text += strlen(line);
    }
    ck_assert_str_eq(text, "");
    buffer_free(&out);
    buffer_free(&b.file);
}
END_TEST

/* ---- Classic pcap ---- */

static void build_pcap(struct builder *b, bool big, bool nanoseconds)
{
    struct buffer frame = {0};

    b->big = big;
    put(b, 4, nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4);
    put(b, 2, 2);
    put(b, 2, 4);
    put(b, 8, 0);
    put(b, 4, 65535);
    put(b, 4, 1);
    for (uint32_t i = 0; i < 3; i++) {
        struct bytes octets = esp_frame(&frame, true, 0x300 + i);
        put(b, 4, START_TIME / NS_PER_S);
        put(b, 4, 500 + i);
        put(b, 4, octets.size);
        put(b, 4, octets.size);
        buffer_bytes(&b->file, octets);
    }
    buffer_free(&frame);
}

static void check_pcap(struct trace_reader *reader, bool nanoseconds)
{
    struct trace_event event;
    struct error error;

    for (uint32_t i = 0; i < 3; i++) {
        ck_assert(trace_next(reader, &event, &error));
        ck_assert_int_eq(event.kind, TRACE_ESP);
        ck_assert_uint_eq(event.frame, i + 1);
        ck_assert_uint_eq(event.esp.packet.spi, 0x300 + i);
        ck_assert_uint_eq(event.time,
                          START_TIME + (500 + i) * (nanoseconds ? 1 : 1000));
    }
    ck_assert(!trace_next(reader, &event, &error));
    ck_assert_str_eq(error.text, "");
}

START_TEST(pcap_of_all_kinds)
{
    struct builder b = {{0}};

    build_pcap(&b, _i & 1, _i & 2);
    scratch_write("t", buffer_view(&b.file));
    struct trace_reader *reader = open_one(scratch_path("t"), NULL);
    check_pcap(reader, _i & 2);
    trace_reader_free(reader);
    buffer_free(&b.file);
}
END_TEST

START_TEST(standard_input)
{
    struct builder b = {{0}};
    struct error error;
    int ends[2];

    if (_i == 0)
        build_pcap(&b, false, true);
    else
        buffer_bytes(&b.file,
                     bytes_of(big_endian_file, sizeof big_endian_file));
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], b.file.data, b.file.size), b.file.size);
    close(ends[1]);
    ck_assert_int_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    if (_i == 0) {
        struct trace_reader *reader = open_one("-", NULL);
        check_pcap(reader, true);
        trace_reader_free(reader);
    } else {
        ck_assert_uint_eq(count_frames("-", &error), 1);
        ck_assert_str_eq(error.text, "");
    }
    close(ends[0]);
    buffer_free(&b.file);
}
END_TEST

/* ---- Broken files ---- */

/* The ends of the first `n` frames, from what reading says at each cut. */
START_TEST(cut_at_every_octet)
{
    struct builder b = {{0}};
    struct expected expected[16];
    struct error error;
    size_t frames = 0, cut_between = 0;

    if (_i == 0)
        build_mixed(&b, false, expected);
    else
        build_pcap(&b, false, true);
    for (size_t size = 0; size < b.file.size; size++) {
        error.text[0] = '\0';
        scratch_write("t", bytes_slice(buffer_view(&b.file), 0, size));
        size_t seen = count_frames(scratch_path("t"), &error);
        ck_assert(seen == frames || seen == frames + 1);
        frames = seen;
        if (!error.text[0])
            cut_between++;
        else if (!strstr(error.text, scratch) ||
                 !strpbrk(error.text + strlen(scratch), "0123456789"))
            ck_abort_msg("cut at %zu: %s", size, error.text);
    }
    /* Without an error only where a block ends: 20 of them, or 3 frames. */
    ck_assert_uint_eq(frames, _i == 0 ? 8 : 2);
    ck_assert_uint_eq(cut_between, _i == 0 ? 19 : 3);
    buffer_free(&b.file);
}
END_TEST

static void expect_error(struct builder *b, size_t frames, const char *text)
{
    struct error error = {{0}};

    scratch_write("t", buffer_view(&b->file));
    ck_assert_uint_eq(count_frames(scratch_path("t"), &error), frames);
    if (!strstr(error.text, text))
        ck_abort_msg("'%s' is not in '%s'", text, error.text);
    buffer_clear(&b->file);
}

START_TEST(broken_blocks)
{
    struct builder b = {{0}};
    struct buffer frame = {0};
    struct bytes octets = esp_frame(&frame, false, 0x101);

    put_section(&b, false);
    put_enhanced(&b, 0, 0, octets, NULL);
    expect_error(&b, 0, "octet 28, frame 1: interface 0 is not described (0");

    put_section(&b, false);
    put_interface(&b, 101, 0, 9, 0);
    put_enhanced(&b, 0, 0, octets, NULL);
    put_enhanced(&b, 0, 0, octets, NULL);
    b.file.data[b.block + 20] = 200; /* captured */
    expect_error(&b, 1, "frame 2: 200 octets captured, 32 in the block");

    put_section(&b, false);
    put_interface(&b, 101, 0, 9, 0);
    b.file.data[b.file.size - 4]++;
    expect_error(&b, 0,
                 "block lengths differ (40 at its start, 41 at its end)");

    put_section(&b, false);
    put_other(&b, 99);
    b.file.data[b.block + 4] = 8;
    expect_error(&b, 0, "block too short (8 < 12)");

    put_section(&b, false);
    put_other(&b, 99);
    b.file.data[b.block + 4] = 21;
    expect_error(&b, 0, "block of 21 octets, no multiple of 4");

    put_section(&b, false);
    put_other(&b, 99);
    b.file.data[b.block + 7] = 1;
    expect_error(&b, 0, "block too long (16777236 > 16777216)");

    put_section(&b, false);
    b.file.data[8]++;
    expect_error(&b, 0, "byte-order magic is 0x");

    put_section(&b, false);
    b.file.data[12]++;
    expect_error(&b, 0, "version 2 of pcapng, not 1");

    put_section(&b, false);
    put_interface(&b, 101, 30, 9, 0);
    put_simple(&b, 1500, bytes_slice(octets, 0, 28));
    expect_error(&b, 0, "30 octets captured, 28 in the block");

    buffer_bytes(&b.file, bytes_of_string("no capture at all"));
    expect_error(&b, 0, scratch);
    buffer_bytes(&b.file, bytes_of_string("abc"));
    expect_error(&b, 0, "too short for a capture (3 < 4)");
    buffer_free(&b.file);
    buffer_free(&frame);
}
END_TEST

/* Blocks that do not fit the buffer at once. */
START_TEST(large_blocks)
{
    struct builder b = {{0}};
    struct buffer frame = {0};
    struct error error;

    put_section(&b, false);
    put_interface(&b, 101, 0, 9, 0);
    for (size_t i = 0; i < 40; i++) {
        put_enhanced(&b, 0, i, esp_frame(&frame, false, 0x101), NULL);
        begin(&b, 99);
        buffer_space(&b.file, 4 * (10000 + 4001 * i));
        end(&b);
    }
    begin(&b, 99);
    buffer_space(&b.file, PCAPNG_BLOCK_MAX - 12);
    end(&b);
    put_enhanced(&b, 0, 41, esp_frame(&frame, false, 0x101), NULL);
    scratch_write("t", buffer_view(&b.file));
    ck_assert_uint_eq(count_frames(scratch_path("t"), &error), 41);
    ck_assert_str_eq(error.text, "");
    buffer_free(&b.file);
    buffer_free(&frame);
}
END_TEST

/* Octets changed at random: events or an error, nothing else. */
START_TEST(garbled_files)
{
    struct rng_seeded rng;
    struct builder b = {{0}};
    struct expected expected[16];
    struct error error;

    rng_seed(&rng, (uint64_t)_i + 1);
    if (_i == 0)
        build_pcap(&b, false, true);
    else
        build_mixed(&b, _i == 1, expected);
    for (unsigned round = 0; round < 2000; round++) {
        struct buffer copy = {0};
        buffer_bytes(&copy, buffer_view(&b.file));
        for (unsigned n = rng_u32(&rng.rng) % 6; n > 0; n--)
            copy.data[rng_u32(&rng.rng) % copy.size] =
                (uint8_t)rng_u32(&rng.rng);
        scratch_write("t", buffer_view(&copy));
        count_frames(scratch_path("t"), &error);
        buffer_free(&copy);
    }
    buffer_free(&b.file);
}
END_TEST

START_TEST(files_that_cannot_be_opened)
{
    struct error error = {{0}};

    ck_assert_uint_eq(count_frames("/nowhere/t.pcap", &error), 0);
    ck_assert_ptr_nonnull(strstr(error.text, "/nowhere/t.pcap: "));
    ck_assert_uint_eq(count_frames("/tmp", &error), 0);
    ck_assert_ptr_nonnull(strstr(error.text, "/tmp: "));
    struct trace_options options = {.events = "/nowhere/events.jsonl"};
    ck_assert_ptr_null(trace_reader_open(&options, &error));
    ck_assert_ptr_nonnull(strstr(error.text, "/nowhere/events.jsonl: "));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace_reader");
    TCase *tests = tcase_create("trace_reader");

    tcase_add_checked_fixture(tests, scratch_make, scratch_remove);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, big_endian);
    tcase_add_loop_test(tests, sections_and_interfaces_of_all_kinds, 0, 2);
    tcase_add_loop_test(tests, tshark_numbers_frames_alike, 0, 2);
    tcase_add_loop_test(tests, pcap_of_all_kinds, 0, 4);
    tcase_add_loop_test(tests, standard_input, 0, 2);
    tcase_add_loop_test(tests, cut_at_every_octet, 0, 2);
    tcase_add_test(tests, broken_blocks);
    tcase_add_test(tests, large_blocks);
    tcase_add_loop_test(tests, garbled_files, 0, 3);
    tcase_add_test(tests, files_that_cannot_be_opened);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
