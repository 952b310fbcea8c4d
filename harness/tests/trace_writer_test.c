/* What is written is read back, by us and by tshark. */
#include "trace_support.h"

static const char *const comments[] = {NULL, "held back", "",
                                       "Müll \"quoted\", line", NULL};
enum { FRAMES = 5 };

static uint64_t time_of(size_t n)
{
    return START_TIME + n * 1000000007u;
}

static struct bytes frame_of(struct buffer *out, size_t n)
{
    uint8_t payload[24] = {0xca, 0xfe, 0, (uint8_t)n};

    return make_packet(out, CARRIER_ESP, "192.0.2.1", "192.0.2.2", 0,
                       bytes_of(payload, 8 + n));
}

static void write_some(const char *path)
{
    struct error error = {{0}};
    struct trace_writer *writer = trace_writer_open(path, LINKTYPE_RAW, &error);
    struct buffer frame = {0};

    ck_assert_ptr_nonnull(writer);
    for (size_t n = 0; n < FRAMES; n++)
        put_frame(writer, time_of(n), frame_of(&frame, n), comments[n]);
    ck_assert(trace_writer_close(writer, &error));
    buffer_free(&frame);
}

START_TEST(reads_back_what_was_written)
{
    struct error error = {{0}};
    struct trace_event event;
    struct buffer frame = {0};

    write_some(scratch_path("t.pcapng"));
    struct trace_reader *reader = open_one(scratch_path("t.pcapng"), NULL);
    for (size_t n = 0; n < FRAMES; n++) {
        struct bytes ip = frame_of(&frame, n);
        ck_assert(trace_next(reader, &event, &error));
        ck_assert_int_eq(event.kind, TRACE_ESP);
        ck_assert_uint_eq(event.frame, n + 1);
        ck_assert_uint_eq(event.time, time_of(n));
        ck_assert(bytes_equal(event.esp.octets, bytes_slice(ip, 20, ip.size)));
        ck_assert_uint_eq(event.esp.packet.spi, 0xcafe0000 + n);
        ck_assert_int_eq(event.esp.status, TRACE_ESP_NO_KEY);
        ck_assert(bytes_equal(event.comment,
                              bytes_of_string(comments[n] ? comments[n] : "")));
    }
    ck_assert(!trace_next(reader, &event, &error));
    ck_assert_str_eq(error.text, "");
    trace_reader_free(reader);
    buffer_free(&frame);
}
END_TEST

START_TEST(tshark_agrees)
{
    char arguments[256];
    size_t complaints;
    char expected[256] = "", line[128];

    write_some(scratch_path("t.pcapng"));
    snprintf(arguments, sizeof arguments,
             "-r %s -T fields -e frame.number -e frame.time_epoch -e "
             "frame.comment -e esp.spi",
             scratch_path("t.pcapng"));
    struct buffer out = tshark(arguments, &complaints);
    for (size_t n = 0; n < FRAMES; n++) {
        snprintf(line, sizeof line, "%zu\t%llu.%09llu\t%s\t0xcafe%04zx\n",
                 n + 1, (unsigned long long)(time_of(n) / NS_PER_S),
                 (unsigned long long)(time_of(n) % NS_PER_S),
                 comments[n] ? comments[n] : "", n);
        strcat(expected, line);
    }
    ck_assert_str_eq((char *)out.data, expected);
    ck_assert_uint_eq(complaints, 0);
    buffer_free(&out);
}
END_TEST

START_TEST(a_cut_frame_keeps_its_size_on_the_wire)
{
    struct error error = {{0}};
    struct buffer frame = {0};
    char arguments[256];
    size_t complaints;
    const char *path = scratch_path("t.pcapng");
    struct trace_writer *writer = trace_writer_open(path, LINKTYPE_RAW, &error);
    struct bytes whole = frame_of(&frame, 4);

    ck_assert(trace_writer_frame(writer, START_TIME, bytes_slice(whole, 0, 29),
                                 whole.size, NULL, &error));
    ck_assert(trace_writer_close(writer, NULL));
    snprintf(arguments, sizeof arguments,
             "-r %s -T fields -e frame.len -e frame.cap_len",
             scratch_path("t.pcapng"));
    struct buffer out = tshark(arguments, &complaints);
    ck_assert_str_eq((char *)out.data, "32\t29\n");
    buffer_free(&out);
    buffer_free(&frame);
}
END_TEST

/* Whatever the moment of a kill, what was given to the writer is there. */
START_TEST(each_frame_is_in_the_file_at_once)
{
    struct error error = {{0}};
    struct buffer frame = {0};
    const char *path = scratch_path("t.pcapng");
    struct trace_writer *writer = trace_writer_open(path, LINKTYPE_RAW, &error);

    for (size_t n = 0; n < FRAMES; n++) {
        put_frame(writer, time_of(n), frame_of(&frame, n), comments[n]);
        ck_assert_uint_eq(count_frames(path, &error), n + 1);
        ck_assert_str_eq(error.text, "");
    }
    trace_writer_close(writer, NULL);
    buffer_free(&frame);
}
END_TEST

START_TEST(a_full_disk_is_an_error)
{
    struct error error = {{0}};

    ck_assert_ptr_null(trace_writer_open("/dev/full", LINKTYPE_RAW, &error));
    ck_assert_ptr_nonnull(strstr(error.text, "/dev/full"));
    ck_assert_ptr_nonnull(strstr(error.text, strerror(ENOSPC)));
    ck_assert_ptr_null(
        trace_writer_open("/nowhere/t.pcapng", LINKTYPE_RAW, &error));
    ck_assert_ptr_nonnull(strstr(error.text, "/nowhere/t.pcapng"));
    ck_assert(trace_writer_close(NULL, &error));
}
END_TEST

/* ---- Several sources ---- */

static void add_note(struct trace_events *events, uint64_t time,
                     const char *what)
{
    struct error error = {{0}};

    ck_assert(trace_events_add(
        events,
        json_pack("{s:I, s:s}", "time", (json_int_t)time, "event", what),
        &error));
}

START_TEST(sources_are_merged_by_time)
{
    struct error error = {{0}};
    struct buffer frame = {0};
    struct trace_event event;
    const char *const paths[] = {scratch_path("a"), scratch_path("b")};
    /* time, file; the notes go between them */
    static const unsigned frames[][2] = {
        {0, 1}, {2, 0}, {2, 1}, {3, 1}, {7, 0}};
    static const char *const order[] = {"f1.1", "n one", "n two", "f0.1",
                                        "f1.2", "f1.3",  "f0.2",  "n three"};
    struct trace_writer *writers[2];

    for (size_t i = 0; i < 2; i++)
        writers[i] = trace_writer_open(paths[i], LINKTYPE_RAW, &error);
    for (size_t i = 0; i < 5; i++)
        put_frame(writers[frames[i][1]], START_TIME + frames[i][0],
                  frame_of(&frame, i), NULL);
    for (size_t i = 0; i < 2; i++)
        ck_assert(trace_writer_close(writers[i], &error));
    struct trace_events *events =
        trace_events_open(scratch_path("events.jsonl"), &error);
    add_note(events, START_TIME + 1, "one");
    add_note(events, START_TIME + 2, "two"); /* before frames of its time */
    add_note(events, START_TIME + 8, "three");
    ck_assert(trace_events_close(events, &error));

    struct trace_options options = {.captures = paths,
                                    .capture_count = 2,
                                    .events = scratch_path("events.jsonl")};
    struct trace_reader *reader = trace_reader_open(&options, &error);
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        char seen[32];
        ck_assert(trace_next(reader, &event, &error));
        if (event.kind == TRACE_NOTE)
            snprintf(seen, sizeof seen, "n %s",
                     json_string_value(json_object_get(event.note, "event")));
        else
            snprintf(seen, sizeof seen, "f%u.%llu", event.file,
                     (unsigned long long)event.frame);
        ck_assert_str_eq(seen, order[i]);
    }
    ck_assert(!trace_next(reader, &event, &error));
    ck_assert(!trace_next(reader, &event, &error));
    ck_assert_str_eq(error.text, "");
    trace_reader_free(reader);
    buffer_free(&frame);
}
END_TEST

START_TEST(an_event_needs_a_time)
{
    struct error error = {{0}};
    struct trace_events *events =
        trace_events_open(scratch_path("events.jsonl"), &error);

    ck_assert(
        !trace_events_add(events, json_pack("{s:s}", "event", "x"), &error));
    ck_assert_ptr_nonnull(strstr(error.text, "time"));
    ck_assert(!trace_events_add(events, NULL, &error));
    ck_assert(!trace_events_add(events, json_pack("{s:i}", "time", -1), NULL));
    ck_assert(trace_events_close(events, &error));
    struct buffer text = scratch_read("events.jsonl");
    ck_assert_uint_eq(text.size, 0);
    buffer_free(&text);
}
END_TEST

/* The list ends where a source broke, and says so. */
START_TEST(a_broken_event_ends_the_list)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"{\"time\":1,\"event\":\"a\"}\n{\"time\":2,", "events.jsonl:2"},
        {"{\"time\":1}\n\n \n{\"event\":\"a\"}\n", "events.jsonl:4"},
        {"{\"time\":1}\n[]\n", "events.jsonl:2"},
        {"{\"time\":1}\n{\"time\":1.5}\n", "without a time"},
        {"{\"time\":1}\n\xff\n", "events.jsonl:2"},
    };
    struct trace_event event;
    struct error error;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        scratch_write("events.jsonl", bytes_of_string(rows[i].text));
        struct trace_options options = {.events = scratch_path("events.jsonl")};
        struct trace_reader *reader = trace_reader_open(&options, &error);
        ck_assert(trace_next(reader, &event, &error));
        ck_assert_int_eq(event.kind, TRACE_NOTE);
        ck_assert_uint_eq(event.time, 1);
        ck_assert(!trace_next(reader, &event, &error));
        if (!strstr(error.text, rows[i].error))
            ck_abort_msg("%s: %s", rows[i].error, error.text);
        trace_reader_free(reader);
    }
}
END_TEST

START_TEST(a_cut_capture_ends_the_list)
{
    struct error error = {{0}};
    struct trace_event event;

    write_some(scratch_path("t.pcapng"));
    struct buffer whole = scratch_read("t.pcapng");
    scratch_write("cut", bytes_slice(buffer_view(&whole), 0, whole.size - 5));
    buffer_free(&whole);
    struct trace_events *events =
        trace_events_open(scratch_path("events.jsonl"), &error);
    add_note(events, time_of(FRAMES - 2), "at the last good frame");
    add_note(events, time_of(FRAMES), "behind it");
    ck_assert(trace_events_close(events, &error));
    const char *const captures[] = {scratch_path("cut"), scratch_path("b")};
    struct buffer frame = {0};
    struct trace_writer *writer =
        trace_writer_open(captures[1], LINKTYPE_RAW, &error);
    put_frame(writer, time_of(FRAMES - 2), frame_of(&frame, 0), NULL);
    put_frame(writer, time_of(FRAMES), frame_of(&frame, 0), NULL);
    ck_assert(trace_writer_close(writer, &error));
    buffer_free(&frame);
    struct trace_options options = {.captures = captures,
                                    .capture_count = 2,
                                    .events = scratch_path("events.jsonl")};
    struct trace_reader *reader = trace_reader_open(&options, &error);
    /* A frame less, a note and a frame of the other capture more. */
    for (size_t i = 0; i < FRAMES + 1; i++)
        ck_assert(trace_next(reader, &event, &error));
    ck_assert(!trace_next(reader, &event, &error));
    ck_assert_ptr_nonnull(strstr(error.text, "/cut: octet "));
    ck_assert_ptr_nonnull(strstr(error.text, "frame 5: cut off"));
    trace_reader_free(reader);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace_writer");
    TCase *tests = tcase_create("trace_writer");

    tcase_add_checked_fixture(tests, scratch_make, scratch_remove);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, reads_back_what_was_written);
    tcase_add_test(tests, tshark_agrees);
    tcase_add_test(tests, a_cut_frame_keeps_its_size_on_the_wire);
    tcase_add_test(tests, each_frame_is_in_the_file_at_once);
    tcase_add_test(tests, a_full_disk_is_an_error);
    tcase_add_test(tests, sources_are_merged_by_time);
    tcase_add_test(tests, an_event_needs_a_time);
    tcase_add_test(tests, a_broken_event_ends_the_list);
    tcase_add_test(tests, a_cut_capture_ends_the_list);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
