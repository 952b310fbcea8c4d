/* What the suites of trace/ share: a scratch folder, packets, tshark. */
#ifndef COUNTERFOIL_TESTS_TRACE_SUPPORT_H
#define COUNTERFOIL_TESTS_TRACE_SUPPORT_H

#include "trace/trace.h"

#include <check.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define START_TIME (UINT64_C(1700000000) * NS_PER_S)

/* ---- A folder of its own for each test ---- */

static char scratch[64];

static inline void scratch_make(void)
{
    snprintf(scratch, sizeof scratch, "/tmp/trace-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(scratch));
}

static inline int scratch_remove_one(const char *path, const struct stat *s,
                                     int kind, struct FTW *at)
{
    (void)s;
    (void)kind;
    (void)at;
    return remove(path);
}

static inline void scratch_remove(void)
{
    nftw(scratch, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* A path in it; good until the fourth call after. */
static inline const char *scratch_path(const char *name)
{
    static char paths[4][160];
    static unsigned turn;
    char *path = paths[turn++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", scratch, name);
    return path;
}

static inline void scratch_write(const char *name, struct bytes content)
{
    FILE *file = fopen(scratch_path(name), "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(content.data, 1, content.size, file),
                      content.size);
    ck_assert_int_eq(fclose(file), 0);
}

/* The caller frees it; a NUL follows the content. */
static inline struct buffer scratch_read(const char *name)
{
    FILE *file = fopen(scratch_path(name), "r");
    struct buffer content = {0};
    int c;

    ck_assert_ptr_nonnull(file);
    while ((c = getc(file)) != EOF)
        buffer_u8(&content, (uint8_t)c);
    fclose(file);
    buffer_u8(&content, 0);
    content.size--;
    return content;
}

/* ---- tshark, with the scratch folder for its settings and key tables ---- */

/* What it prints; `*complaints` gets how many lines it wrote to stderr, save
 * that one must not be root. The caller frees it. */
static inline struct buffer tshark(const char *arguments, size_t *complaints)
{
    char command[1024];
    struct buffer out = {0};
    int c;

    snprintf(command, sizeof command,
             "WIRESHARK_CONFIG_DIR=%s tshark %s 2>%s/stderr", scratch,
             arguments, scratch);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    while ((c = getc(pipe)) != EOF)
        buffer_u8(&out, (uint8_t)c);
    buffer_u8(&out, 0);
    out.size--;
    pclose(pipe);
    *complaints = 0;
    struct buffer errors = scratch_read("stderr");
    for (char *line = strtok((char *)errors.data, "\n"); line;
         line = strtok(NULL, "\n"))
        if (!strstr(line, "Running as user")) {
            fprintf(stderr, "tshark: %s\n", line);
            ++*complaints;
        }
    buffer_free(&errors);
    return out;
}

static inline size_t count_lines(const struct buffer *text)
{
    size_t lines = 0;

    for (size_t i = 0; i < text->size; i++)
        lines += text->data[i] == '\n';
    return lines;
}

/* ---- Reading ---- */

static inline struct trace_reader *open_one(const char *path,
                                            const struct trace_keys *keys)
{
    struct trace_options options = {
        .captures = &path, .capture_count = 1, .keys = keys};
    struct error error = {{0}};
    struct trace_reader *reader = trace_reader_open(&options, &error);

    if (!reader)
        fprintf(stderr, "%s\n", error.text);
    ck_assert_ptr_nonnull(reader);
    return reader;
}

/* How many frames there are; `error` as trace_next left it. */
static inline size_t count_frames(const char *path, struct error *error)
{
    struct trace_options options = {.captures = &path, .capture_count = 1};
    struct trace_reader *reader = trace_reader_open(&options, error);
    struct trace_event event;
    size_t frames = 0;

    if (!reader)
        return 0;
    while (trace_next(reader, &event, error)) {
        frames++;
        ck_assert_uint_eq(event.frame, frames);
    }
    trace_reader_free(reader);
    return frames;
}

/* ---- Packets ---- */

static inline struct endpoint endpoint_at(const char *address, uint16_t port)
{
    struct endpoint at = {.port = port};

    ck_assert(address_parse(address, &at.address));
    return at;
}

/* An IP packet, in `out` alone. */
static inline struct bytes make_packet(struct buffer *out, enum carrier carrier,
                                       const char *from, const char *to,
                                       uint16_t port, struct bytes payload)
{
    struct datagram datagram = {
        .carrier = carrier,
        .source = endpoint_at(from, carrier == CARRIER_UDP ? port : 0),
        .destination = endpoint_at(to, carrier == CARRIER_UDP ? port : 0),
        .payload = payload,
    };

    buffer_clear(out);
    packet_encode(&datagram, 1, out);
    return buffer_view(out);
}

static inline void put_frame(struct trace_writer *writer, uint64_t time,
                             struct bytes frame, const char *comment)
{
    struct error error = {{0}};

    if (!trace_writer_frame(writer, time, frame, frame.size, comment, &error))
        ck_abort_msg("%s", error.text);
}

/* In one process: there are hundreds of cases, and a fork of a process with
 * sanitizers costs more than most of them. */
static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);

    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

#endif
