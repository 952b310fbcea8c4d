/*
 * Bad captures of real runs: frames lost, doubled, swapped, cut, moved in time;
 * keys and the record of the run taken away. What is wrong with a capture must
 * never become a gateway's fault, so that no mangled copy of a run fails a
 * clause that the run itself does not fail.
 *
 * One seed is one copy. A copy may be written out as a folder, for `check`.
 */
#ifndef COUNTERFOIL_TESTS_MANGLE_H
#define COUNTERFOIL_TESTS_MANGLE_H

#include "oracle/oracle.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RUN_FRAMES = 4096, RUN_LINES = 512 };
/* Frames of one link are not swapped over more than this. */
#define MANGLE_NEAR (3 * NS_PER_MS)

struct mangle_frame {
    uint64_t time;
    const uint8_t *data;
    uint32_t size, original;
    uint32_t from; /* of the source: its address */
    uint32_t at;   /* its place in the run */
};

/* Lines of a table, or of the record. */
struct mangle_lines {
    char *line[RUN_LINES];
    size_t count;
};

struct mangle_run {
    char path[256];
    uint32_t linktype;
    struct mangle_frame frames[RUN_FRAMES];
    size_t frame_count;
    struct mangle_lines ike, esp, notes;
    struct address under_test[4];
    size_t under_test_count;
    bool injected; /* something wrong was sent on purpose */
};

static inline char *mangle_path(char out[static 512], const char *folder,
                                const char *name)
{
    snprintf(out, 512, "%.400s/%.100s", folder, name);
    return out;
}

static inline void lines_read(struct mangle_lines *lines, const char *folder,
                              const char *name)
{
    char path[512], *line = NULL;
    size_t room = 0;
    FILE *file = fopen(mangle_path(path, folder, name), "r");
    while (file && lines->count < RUN_LINES && getline(&line, &room, file) > 0)
        lines->line[lines->count++] = strdup(line);
    free(line);
    if (file)
        fclose(file);
}

static inline void lines_free(struct mangle_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        free(lines->line[i]);
    lines->count = 0;
}

static inline void run_read_frames(struct mangle_run *run, pcap_t *pcap)
{
    struct pcap_pkthdr *header;
    const u_char *data;
    int datalink = pcap_datalink(pcap);
    run->linktype = datalink == DLT_RAW ? LINKTYPE_RAW : (uint32_t)datalink;
    size_t source = run->linktype == LINKTYPE_RAW ? 12 : 26; /* of IPv4 */
    while (run->frame_count < RUN_FRAMES &&
           pcap_next_ex(pcap, &header, &data) == 1) {
        uint8_t *copy = malloc(header->caplen + 1u);
        memcpy(copy, data, header->caplen);
        struct mangle_frame *frame = &run->frames[run->frame_count++];
        *frame = (struct mangle_frame){.time = (uint64_t)header->ts.tv_sec *
                                                   NS_PER_S +
                                               (uint64_t)header->ts.tv_usec,
                                       .data = copy,
                                       .size = header->caplen,
                                       .original = header->len};
        if (header->caplen >= source + 4)
            frame->from = read_u32(copy + source);
    }
}

static inline void run_read_note(struct mangle_run *run, const char *line)
{
    json_t *note = json_loads(line, 0, NULL), *address;
    size_t i;
    const char *event = json_string_value(json_object_get(note, "event"));
    if (event && strcmp(event, "inject") == 0)
        run->injected = true;
    json_array_foreach(json_object_get(note, "under_test"), i, address)
    {
        if (run->under_test_count < 4 &&
            address_parse(json_string_value(address),
                          &run->under_test[run->under_test_count]))
            run->under_test_count++;
    }
    json_decref(note);
}

/* NULL if there is no capture in the folder. */
static inline struct mangle_run *run_read(const char *folder)
{
    char path[512], error[PCAP_ERRBUF_SIZE];
    pcap_t *pcap = pcap_open_offline_with_tstamp_precision(
        mangle_path(path, folder, "trace.pcapng"), PCAP_TSTAMP_PRECISION_NANO,
        error);
    if (!pcap)
        return NULL;
    struct mangle_run *run = calloc(1, sizeof *run);
    snprintf(run->path, sizeof run->path, "%.255s", folder);
    run_read_frames(run, pcap);
    pcap_close(pcap);
    lines_read(&run->ike, folder, "ikev2_decryption_table");
    lines_read(&run->esp, folder, "esp_sa");
    lines_read(&run->notes, folder, "events.jsonl");
    for (size_t i = 0; i < run->notes.count; i++)
        run_read_note(run, run->notes.line[i]);
    return run;
}

static inline void run_free(struct mangle_run *run)
{
    for (size_t i = 0; i < run->frame_count; i++)
        free((void *)(uintptr_t)run->frames[i].data);
    lines_free(&run->ike);
    lines_free(&run->esp);
    lines_free(&run->notes);
    free(run);
}

/* ---- The copy ---- */

enum record { RECORD_WHOLE, RECORD_FLAWED, RECORD_SILENT, RECORD_NONE };

struct mangled {
    uint64_t state; /* of the generator */
    struct mangle_frame frames[2 * RUN_FRAMES];
    size_t count;
    uint64_t lost;       /* frames that the capture would know it lost */
    bool disordered;     /* time does not tell the true order */
    bool trimmed;        /* later, so that the record does not know */
    bool unkeyed, keyed; /* no keys at all; all of them */
    bool keep_ike[RUN_LINES], keep_esp[RUN_LINES];
    enum record record;
    bool everybody;      /* is judged */
    uint64_t moved_from; /* the peer has another place from this time on: */
    uint16_t moved_port;
    uint8_t moved_octet; /* of its address; 0: the same address */
    char what[256];      /* was done, for a person */
};

static inline uint32_t mangle_draw(struct mangled *m, uint32_t below)
{
    m->state = m->state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return below ? (uint32_t)((m->state >> 33) % below) : 0;
}

static inline void mangle_say(struct mangled *m, const char *text)
{
    size_t used = strlen(m->what);
    snprintf(m->what + used, sizeof m->what - used, "%s%s", used ? ", " : "",
             text);
}

static inline void mangle_keep(struct mangled *m, const bool *keep)
{
    size_t kept = 0;
    for (size_t i = 0; i < m->count; i++)
        if (keep[i])
            m->frames[kept++] = m->frames[i];
    m->count = kept;
}

static inline void mangle_lose(struct mangled *m)
{
    static const uint32_t rates[] = {1, 3, 10, 25, 50, 80};
    bool keep[2 * RUN_FRAMES];
    uint32_t rate = rates[mangle_draw(m, 6)];
    size_t before = m->count;
    for (size_t i = 0; i < m->count; i++)
        keep[i] = mangle_draw(m, 100) >= rate;
    mangle_keep(m, keep);
    m->lost += before - m->count;
    mangle_say(m, "frames lost");
}

static inline void mangle_lose_one(struct mangled *m)
{
    bool keep[2 * RUN_FRAMES];
    memset(keep, true, sizeof keep);
    if (!m->count)
        return;
    keep[mangle_draw(m, (uint32_t)m->count)] = false;
    mangle_keep(m, keep);
    m->lost++;
    mangle_say(m, "one frame lost");
}

static inline void mangle_burst(struct mangled *m)
{
    bool keep[2 * RUN_FRAMES];
    size_t from = mangle_draw(m, (uint32_t)m->count + 1);
    size_t size = 1 + mangle_draw(m, 12), before = m->count;
    for (size_t i = 0; i < m->count; i++)
        keep[i] = i < from || i >= from + size;
    mangle_keep(m, keep);
    m->lost += before - m->count;
    mangle_say(m, "a burst lost");
}

static inline void mangle_ends(struct mangled *m)
{
    bool keep[2 * RUN_FRAMES];
    uint32_t ends = 1 + mangle_draw(m, 3);
    size_t count = m->count;
    size_t head = ends & 1 ? mangle_draw(m, (uint32_t)count + 1) : 0;
    size_t tail = ends & 2 ? mangle_draw(m, (uint32_t)(count - head) + 1) : 0;
    for (size_t i = 0; i < count; i++)
        keep[i] = i >= head && i < count - tail;
    mangle_keep(m, keep);
    m->trimmed |= head || tail;
    mangle_say(m, ends == 3   ? "head and tail cut"
                  : ends == 1 ? "head cut"
                              : "tail cut");
}

static inline void mangle_one_way(struct mangled *m)
{
    bool keep[2 * RUN_FRAMES];
    uint32_t source = m->frames[mangle_draw(m, (uint32_t)m->count)].from;
    for (size_t i = 0; i < m->count; i++)
        keep[i] = m->frames[i].from == source;
    mangle_keep(m, keep);
    m->trimmed = true;
    mangle_say(m, "one direction");
}

static inline int mangle_by_time(const void *a, const void *b)
{
    uint64_t l = ((const struct mangle_frame *)a)->time;
    uint64_t r = ((const struct mangle_frame *)b)->time;
    if (l != r)
        return l < r ? -1 : 1;
    uint32_t l_at = ((const struct mangle_frame *)a)->at;
    uint32_t r_at = ((const struct mangle_frame *)b)->at;
    return l_at < r_at ? -1 : l_at > r_at;
}

static inline void mangle_sort(struct mangled *m)
{
    qsort(m->frames, m->count, sizeof m->frames[0], mangle_by_time);
}

static inline void mangle_double(struct mangled *m)
{
    size_t count = m->count;
    uint32_t one_in = 1 + mangle_draw(m, 8);
    uint32_t delay = 1 + mangle_draw(m, 2 * NS_PER_MS);
    for (size_t i = 0; i < count; i++) {
        if (mangle_draw(m, one_in))
            continue;
        m->frames[m->count] = m->frames[i];
        m->frames[m->count++].time += 1 + mangle_draw(m, delay);
    }
    mangle_sort(m);
    mangle_say(m, "frames doubled");
}

/* With their own times the file is out of order, else time is too. */
static inline void mangle_swap(struct mangled *m)
{
    bool own_times = mangle_draw(m, 2);
    uint32_t one_in = 1 + mangle_draw(m, 8);
    for (size_t i = 0; i + 1 < m->count; i++) {
        size_t j = i + 1 + mangle_draw(m, 3);
        if (mangle_draw(m, one_in) || j >= m->count ||
            m->frames[j].time - m->frames[i].time > MANGLE_NEAR)
            continue;
        struct mangle_frame other = m->frames[i];
        m->frames[i] = m->frames[j];
        m->frames[j] = other;
        if (own_times) {
            /* At one time, nothing shows it. */
            m->disordered |= m->frames[i].time == other.time;
            continue;
        }
        m->frames[j].time = m->frames[i].time;
        m->frames[i].time = other.time;
        m->disordered = true;
    }
    mangle_say(m, own_times ? "swapped, out of order" : "swapped");
}

static inline void mangle_skew(struct mangled *m)
{
    uint32_t most = 1 + mangle_draw(m, NS_PER_MS);
    for (size_t i = 0; i < m->count; i++)
        m->frames[i].time += mangle_draw(m, 2 * most) - (uint64_t)most;
    if (mangle_draw(m, 2))
        mangle_sort(m);
    m->disordered = true;
    mangle_say(m, "times skewed");
}

static inline void mangle_snap(struct mangled *m)
{
    for (size_t i = 0; i < m->count; i++)
        if (mangle_draw(m, 8) == 0 && m->frames[i].size > 60)
            m->frames[i].size -=
                mangle_draw(m, m->frames[i].size > 120 ? 60 : 20);
    mangle_say(m, "frames cut short");
}

static inline void mangle_keys(struct mangled *m, const struct mangle_run *run)
{
    uint32_t how = mangle_draw(m, 4);
    m->unkeyed = how == 0;
    m->keyed = false;
    for (size_t i = 0; i < run->ike.count; i++)
        m->keep_ike[i] = how == 2 || (how == 3 && mangle_draw(m, 2));
    for (size_t i = 0; i < run->esp.count; i++)
        m->keep_esp[i] = how == 1 || (how == 3 && mangle_draw(m, 2));
    mangle_say(m, how == 0   ? "no keys"
                  : how == 1 ? "no IKE keys"
                  : how == 2 ? "no ESP keys"
                             : "some keys");
}

/* A NAT forgets its binding, or the peer moves (RFC 4555). */
static inline void mangle_move(struct mangled *m)
{
    if (!m->count)
        return;
    m->moved_from = m->frames[mangle_draw(m, (uint32_t)m->count)].time;
    m->moved_port = (uint16_t)(1024 + mangle_draw(m, 60000));
    m->moved_octet = mangle_draw(m, 2) ? 77 : 0;
    m->disordered = true; /* what is on its way moves as well */
    mangle_say(m, m->moved_octet ? "the peer moves" : "another port");
}

static inline void mangle_frames(struct mangled *m)
{
    static void (*const ways[])(struct mangled *) = {
        mangle_lose,   mangle_lose_one, mangle_burst, mangle_ends,
        mangle_double, mangle_swap,     mangle_skew,  mangle_snap,
        mangle_double, mangle_lose_one, mangle_swap,  mangle_ends,
    };
    size_t count = sizeof ways / sizeof ways[0];
    uint32_t times = mangle_draw(m, 4);
    for (uint32_t n = 0; n < times && m->count; n++)
        ways[mangle_draw(m, (uint32_t)count)](m);
    if (m->count && mangle_draw(m, 12) == 0)
        mangle_one_way(m);
    if (mangle_draw(m, 12) == 0)
        mangle_move(m);
}

/* The record may claim that the capture is whole only where nothing was lost
 * and the order is the true one: captures do not know about copies. What was
 * trimmed later has a record of how many frames there were. */
static inline void mangle_record(struct mangled *m,
                                 const struct mangle_run *run)
{
    static const char *const names[] = {"record claims all frames",
                                        "record of losses", "record silent",
                                        "no record"};
    m->record = run->notes.count ? (enum record)mangle_draw(m, 4) : RECORD_NONE;
    bool as_many = m->trimmed && m->count == run->frame_count;
    if (m->record == RECORD_WHOLE && (m->lost || m->disordered || as_many))
        m->record = RECORD_FLAWED;
    m->everybody = !run->injected && mangle_draw(m, 3) == 0;
    mangle_say(m, names[m->record]);
    if (m->everybody)
        mangle_say(m, "everybody judged");
}

/* Caller frees. Seed 0 is the run as it is; so is 1, with everybody judged. */
static inline struct mangled *mangle_copy(const struct mangle_run *run,
                                          uint64_t seed)
{
    struct mangled *m = calloc(1, sizeof *m);
    m->state = seed * UINT64_C(0x9e3779b97f4a7c15);
    m->count = run->frame_count;
    m->keyed = true;
    memcpy(m->frames, run->frames, m->count * sizeof m->frames[0]);
    for (size_t i = 0; i < m->count; i++)
        m->frames[i].at = (uint32_t)i;
    memset(m->keep_ike, true, sizeof m->keep_ike);
    memset(m->keep_esp, true, sizeof m->keep_esp);
    m->everybody = seed == 1;
    if (seed < 2) {
        m->record = run->notes.count ? RECORD_WHOLE : RECORD_NONE;
        return m;
    }
    mangle_draw(m, 2);
    mangle_frames(m);
    if (mangle_draw(m, 4) == 0)
        mangle_keys(m, run);
    mangle_record(m, run);
    return m;
}

/* ---- Written as a folder ---- */

static inline void lines_write(const struct mangle_lines *lines,
                               const bool *keep, const char *path)
{
    FILE *file = fopen(path, "w");
    for (size_t i = 0; file && i < lines->count; i++)
        if (keep[i])
            fputs(lines->line[i], file);
    if (file)
        fclose(file);
}

static inline json_t *mangled_note(const struct mangled *m, const char *line)
{
    json_t *note = json_loads(line, 0, NULL);
    const char *event = json_string_value(json_object_get(note, "event"));
    if (event && m->everybody && strcmp(event, "run") == 0)
        json_object_del(note, "under_test");
    if (!event || strcmp(event, "capture") != 0)
        return note;
    if (m->record == RECORD_SILENT) {
        json_decref(note);
        return NULL;
    }
    uint64_t lost = m->record == RECORD_FLAWED ? m->lost + 1 : 0;
    json_object_set_new(note, "dropped", json_integer((json_int_t)lost));
    if (!m->trimmed)
        json_object_set_new(note, "frames", json_integer((json_int_t)m->count));
    return note;
}

static inline void mangled_write_notes(const struct mangled *m,
                                       const struct mangle_run *run,
                                       const char *path)
{
    FILE *file = fopen(path, "w");
    for (size_t i = 0; file && i < run->notes.count; i++) {
        json_t *note = mangled_note(m, run->notes.line[i]);
        if (note && json_dumpf(note, file, JSON_COMPACT) == 0)
            fputc('\n', file);
        json_decref(note);
    }
    if (file)
        fclose(file);
}

static inline bool is_gateway(const struct mangle_run *run,
                              const uint8_t *octets)
{
    for (size_t i = 0; i < run->under_test_count; i++)
        if (run->under_test[i].family == 4 &&
            memcmp(run->under_test[i].octets, octets, 4) == 0)
            return true;
    return false;
}

/* The frame with the peer in its new place. `out` has room for it. Only plain
 * IPv4; checksums are left out or wrong, as offloading leaves them. */
static inline struct bytes frame_moved(const struct mangled *m,
                                       const struct mangle_run *run,
                                       const struct mangle_frame *frame,
                                       uint8_t *out)
{
    size_t ip = run->linktype == LINKTYPE_RAW ? 0 : 14;
    if (!m->moved_from || frame->time < m->moved_from ||
        frame->size < ip + 28 || frame->data[ip] != 0x45)
        return bytes_of(frame->data, frame->size);
    memcpy(out, frame->data, frame->size);
    for (size_t end = 0; end < 2; end++) {
        uint8_t *address = out + ip + 12 + 4 * end;
        uint8_t *port = out + ip + 20 + 2 * end;
        if (is_gateway(run, address))
            continue;
        if (m->moved_octet)
            address[3] = m->moved_octet;
        if (out[ip + 9] == 17 && read_u16(port) == 4500)
            write_u16(port, m->moved_port);
    }
    if (out[ip + 9] == 17)
        write_u16(out + ip + 26, 0);
    return bytes_of(out, frame->size);
}

static inline bool mangled_write(const struct mangled *m,
                                 const struct mangle_run *run,
                                 const char *folder)
{
    char path[512];
    struct error error;
    mkdir(folder, 0777);
    struct trace_writer *writer = trace_writer_open(
        mangle_path(path, folder, "trace.pcapng"), run->linktype, &error);
    bool ok = writer != NULL;
    uint8_t *room = malloc(1 << 16);
    for (size_t i = 0; ok && i < m->count; i++)
        ok = trace_writer_frame(writer, m->frames[i].time,
                                frame_moved(m, run, &m->frames[i], room),
                                m->frames[i].original, NULL, &error);
    free(room);
    ok = trace_writer_close(writer, &error) && ok;
    lines_write(&run->ike, m->keep_ike,
                mangle_path(path, folder, "ikev2_decryption_table"));
    lines_write(&run->esp, m->keep_esp, mangle_path(path, folder, "esp_sa"));
    mangle_path(path, folder, "events.jsonl");
    if (m->record == RECORD_NONE)
        unlink(path);
    else
        mangled_write_notes(m, run, path);
    return ok;
}

#endif
