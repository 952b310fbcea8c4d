/* Annotated captures, and the ladder. */
#include <pcap/pcap.h>

#include "report_sample.h"

enum { FRAMES = 10, SIZE = 60 };

static const uint8_t frame[SIZE] = {2, 0, 0, 0, 0, 1,    2,
                                    0, 0, 0, 0, 2, 0x88, 0xb5};

static void write_pcapng(const char *path, const char *comment)
{
    struct error error = {""};
    struct trace_writer *writer =
        trace_writer_open(path, LINKTYPE_ETHERNET, &error);

    ck_assert_msg(writer != NULL, "%s", error.text);
    for (size_t i = 0; i < FRAMES; i++)
        ck_assert(trace_writer_frame(writer, (i + 1) * NS_PER_S,
                                     bytes_of(frame, SIZE - i), SIZE,
                                     i == 2 ? comment : NULL, &error));
    ck_assert(trace_writer_close(writer, &error));
}

static void write_pcap(const char *path)
{
    pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
    pcap_dumper_t *dumper = pcap_dump_open(pcap, path);

    ck_assert_ptr_nonnull(dumper);
    for (size_t i = 0; i < FRAMES; i++) {
        struct pcap_pkthdr header = {
            {(time_t)i + 1, 0}, (uint32_t)(SIZE - i), SIZE};
        pcap_dump((u_char *)dumper, &header, frame);
    }
    pcap_dump_close(dumper);
    pcap_close(pcap);
}

/* How many frames libpcap finds, each with its time and sizes; 0 if the file
 * is broken anywhere. */
static size_t sound_frames(const char *path)
{
    char why[PCAP_ERRBUF_SIZE];
    pcap_t *pcap = pcap_open_offline(path, why);
    struct pcap_pkthdr *header;
    const u_char *octets;
    size_t count = 0;
    int status;

    ck_assert_msg(pcap != NULL, "%s", why);
    while ((status = pcap_next_ex(pcap, &header, &octets)) == 1) {
        ck_assert_int_eq(header->ts.tv_sec, (time_t)count + 1);
        ck_assert_uint_eq(header->caplen, SIZE - count);
        ck_assert_uint_eq(header->len, SIZE);
        ck_assert_mem_eq(octets, frame, header->caplen);
        count++;
    }
    pcap_close(pcap);
    return status == PCAP_ERROR_BREAK ? count : 0;
}

static bool contains(const char *octets, size_t size, const char *text)
{
    return memmem(octets, size, text, strlen(text)) != NULL;
}

static void annotate(const char *in, const char *out)
{
    struct result result;
    struct error error = {""};

    result_init(&result);
    sample_fill(&result, "a/b", VERDICT_FAIL); /* frames 3 and 9 */
    ck_assert_msg(result_annotate(&result, in, out, &error), "%s", error.text);
    result_clear(&result);
}

static void check_annotated(const char *out, const char *own)
{
    size_t size;
    char *octets = sample_read(out, &size);

    ck_assert_uint_eq(sound_frames(out), FRAMES);
    ck_assert(contains(octets, size, "fail " SAMPLE_CLAUSE ": see frame 9"));
    ck_assert(contains(octets, size,
                       "fail " SAMPLE_CLAUSE " (MUST NOT): expected silence") ||
              contains(octets, size,
                       "fail " SAMPLE_CLAUSE " (MUST): expected silence"));
    ck_assert(own == NULL || contains(octets, size, own));
    free(octets);
}

START_TEST(pcapng_gets_comments)
{
    char folder[40], in[64], out[64];

    snprintf(in, sizeof in, "%s/in", sample_folder(folder));
    snprintf(out, sizeof out, "%s/out", folder);
    write_pcapng(in, NULL);
    annotate(in, out);
    check_annotated(out, NULL);
    sample_remove(folder);
}
END_TEST

START_TEST(pcapng_keeps_its_own_comments)
{
    char folder[40], in[64], out[64];

    snprintf(in, sizeof in, "%s/in", sample_folder(folder));
    snprintf(out, sizeof out, "%s/out", folder);
    write_pcapng(in, "the first of all");
    annotate(in, out);
    check_annotated(out, "the first of all");
    sample_remove(folder);
}
END_TEST

/* A section that says its length would be too short with comments in it, and a
 * list of options ends with an end. */
START_TEST(pcapng_stays_consistent)
{
    static const char no_length[8] = "\xff\xff\xff\xff\xff\xff\xff\xff";
    static const char end[8] = {0, 0, 0, 0, (char)0xff};
    char folder[40], in[64], out[64];
    char *octets, *comment;
    size_t size;
    FILE *file;

    snprintf(in, sizeof in, "%s/in", sample_folder(folder));
    snprintf(out, sizeof out, "%s/out", folder);
    write_pcapng(in, NULL);
    file = fopen(in, "r+b");
    ck_assert_int_eq(fseek(file, 16, SEEK_SET), 0);
    ck_assert_uint_eq(fwrite("\x10\x04\0\0\0\0\0\0", 1, 8, file), 8);
    fclose(file);
    annotate(in, out);
    octets = sample_read(out, &size);
    ck_assert_mem_eq(octets + 16, no_length, sizeof no_length);
    comment = memmem(octets, size, ": see frame 9", 13);
    ck_assert_ptr_nonnull(comment);
    while ((comment - octets) % 4 != 0 || comment[0] != 0)
        comment++; /* past the text and its padding: the end of options */
    ck_assert_mem_eq(comment, end, 4);
    ck_assert_int_eq(comment[6], 0);
    ck_assert_int_ne(comment[4], 0); /* then the block's length */
    free(octets);
    sample_remove(folder);
}
END_TEST

START_TEST(pcap_becomes_pcapng)
{
    char folder[40], in[64], out[64];

    snprintf(in, sizeof in, "%s/in", sample_folder(folder));
    snprintf(out, sizeof out, "%s/out", folder);
    write_pcap(in);
    annotate(in, out);
    check_annotated(out, NULL);
    sample_remove(folder);
}
END_TEST

/* Cut at every octet: what was whole is copied, and the copy is sound. */
START_TEST(a_capture_that_breaks_off)
{
    char folder[40], in[64], out[64];
    size_t size, last = 0;
    char *octets;

    snprintf(in, sizeof in, "%s/in", sample_folder(folder));
    snprintf(out, sizeof out, "%s/out", folder);
    write_pcapng(in, NULL);
    octets = sample_read(in, &size);
    for (size_t cut = 80; cut < size; cut += 3) {
        struct result result;
        size_t frames;

        ck_assert_int_eq(truncate(in, 0), 0);
        FILE *file = fopen(in, "wb");
        ck_assert_uint_eq(fwrite(octets, 1, cut, file), cut);
        fclose(file);
        result_init(&result);
        sample_fill(&result, "a/b", VERDICT_FAIL);
        ck_assert(result_annotate(&result, in, out, NULL));
        result_clear(&result);
        frames = sound_frames(out);
        ck_assert_uint_ge(frames, last);
        last = frames;
    }
    ck_assert_uint_eq(last, FRAMES - 1);
    free(octets);
    sample_remove(folder);
}
END_TEST

START_TEST(a_capture_is_not_written_over_itself)
{
    char folder[40], in[64];
    struct result result;
    struct error error = {""};

    snprintf(in, sizeof in, "%s/in", sample_folder(folder));
    write_pcapng(in, NULL);
    result_init(&result);
    ck_assert(!result_annotate(&result, in, in, &error));
    ck_assert_ptr_nonnull(strstr(error.text, in));
    ck_assert_uint_eq(sound_frames(in), FRAMES);
    ck_assert(!result_annotate(&result, "/nowhere/x", in, &error));
    result_clear(&result);
    sample_remove(folder);
}
END_TEST

/* ---- The ladder ---- */

static void add_sync(struct ladder *ladder, const struct result *result,
                     bool response, uint64_t number)
{
    static const uint8_t body[] = {0, 0, 0x40, 0x26, 0xde, 0xad, 0xbe, 0xef,
                                   0, 0, 0,    5,    0,    0,    0,    7};
    struct trace_event event = {
        .kind = TRACE_IKE, .frame = number, .time = number * NS_PER_S};

    address_parse(response ? "192.0.2.2" : "192.0.2.1",
                  &event.packet.source.address);
    address_parse(response ? "192.0.2.1" : "192.0.2.2",
                  &event.packet.destination.address);
    event.ike.status = TRACE_IKE_OPENED;
    event.ike.header_valid = true;
    event.ike.header.exchange = INFORMATIONAL;
    event.ike.header.flags = response ? IKE_FLAG_RESPONSE : 0;
    event.ike.message.header = event.ike.header;
    ck_assert(ike_message_add(&event.ike.message, PAYLOAD_NOTIFY,
                              bytes_of(body, sizeof body)));
    ladder_event(ladder, &event, result);
}

START_TEST(the_ladder_shows_synchronization)
{
    struct ladder ladder;
    struct result result;

    result_init(&result);
    sample_fill(&result, "a/b", VERDICT_FAIL); /* decided by frame 9 */
    ladder_init(&ladder, 100);
    add_sync(&ladder, &result, false, 8);
    add_sync(&ladder, &result, true, 9);
    ck_assert_uint_eq(ladder.count, 3);
    ck_assert_str_eq(ladder.rows[0].label, "INFORMATIONAL request 0");
    ck_assert_ptr_nonnull(
        strstr(ladder.rows[0].detail, "m1=5 p1=7 nonce=deadbeef"));
    ck_assert_ptr_nonnull(
        strstr(ladder.rows[0].detail, "IKEV2_MESSAGE_ID_SYNC"));
    ck_assert_ptr_nonnull(
        strstr(ladder.rows[1].detail, "p2=5 m2=7 nonce=deadbeef"));
    ck_assert_uint_eq(ladder.rows[0].from, 0);
    ck_assert_uint_eq(ladder.rows[1].from, 1);
    ck_assert_int_eq(ladder.rows[2].kind, LADDER_FINDING);
    ck_assert_str_eq(ladder.rows[2].label, "fail " SAMPLE_CLAUSE);
    ladder_clear(&ladder);
    result_clear(&result);
}
END_TEST

START_TEST(the_ladder_is_bounded_and_clean)
{
    struct ladder ladder;
    json_t *note = json_pack("{s:s, s:s, s:s, s:s}", "event", "fail_over",
                             "from", "a\033[2J", "to", "b", "kind", "crash");
    struct trace_event event = {.kind = TRACE_NOTE, .note = note};

    ladder_init(&ladder, 2);
    for (size_t i = 0; i < 5; i++)
        ladder_event(&ladder, &event, NULL);
    ck_assert_uint_eq(ladder.count, 2);
    ck_assert_uint_eq(ladder.left_out, 3);
    ck_assert_str_eq(ladder.rows[0].label, "fail_over");
    ck_assert_str_eq(ladder.rows[0].detail, "a?[2J -> b kind crash");
    ladder_clear(&ladder);
    json_decref(note);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report/annotate");
    TCase *cases = tcase_create("annotate");
    SRunner *runner;
    int failed;

    tcase_add_test(cases, pcapng_gets_comments);
    tcase_add_test(cases, pcapng_keeps_its_own_comments);
    tcase_add_test(cases, pcapng_stays_consistent);
    tcase_add_test(cases, pcap_becomes_pcapng);
    tcase_add_test(cases, a_capture_that_breaks_off);
    tcase_add_test(cases, a_capture_is_not_written_over_itself);
    tcase_add_test(cases, the_ladder_shows_synchronization);
    tcase_add_test(cases, the_ladder_is_bounded_and_clean);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
