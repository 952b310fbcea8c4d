/* Findings as packet comments: a pcapng file is copied block by block, so that
 * what it holds beside packets stays; a pcap file is rewritten as pcapng. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <pcap/pcap.h>

#include "report/report_private.h"

enum {
    SECTION_HEADER = 0x0a0d0d0a, /* reads the same in both byte orders */
    BYTE_ORDER_MAGIC = 0x1a2b3c4d,
    PACKET = 2, /* obsolete */
    SIMPLE_PACKET = 3,
    ENHANCED_PACKET = 6,
    JOURNAL = 9,
    CUSTOM = 0xbad,
    CUSTOM_NO_COPY = 0x40000bad,
    PACKET_HEADER = 28, /* of both packet blocks, up to the frame */
    BLOCK_HEADER = 8,
    BLOCK_LEAST = 12,
    BLOCK_MOST = 16 << 20,
    OPTION_COMMENT = 1,
    SECTION_LENGTH = 16, /* where it stands in a section header */
};

struct annotation {
    const struct result *result;
    FILE *in, *file;
    struct buffer out; /* what goes to `file` next */
    const char *path;  /* of `in` */
    bool big_endian;   /* byte order of the section */
    uint64_t frame;
};

/* ---- Comments ---- */

static bool tells(const struct finding *finding, uint64_t frame)
{
    for (size_t i = 0; i < finding->frame_count && i < FINDING_FRAMES; i++)
        if (finding->frames[i] == frame)
            return true;
    return false;
}

static void comment_on(const struct result_finding *from, uint64_t frame,
                       char *text, size_t size)
{
    const struct finding *finding = &from->finding;
    char frames[256];

    text[0] = '\0';
    if (finding_frame(finding) != frame) {
        text_append(text, size, "%s %s: see frame %llu", finding_mark(from),
                    finding->clause->id,
                    (unsigned long long)finding_frame(finding));
        return;
    }
    text_append(text, size, "%s %s (%s): expected %s; seen %s; frames %s",
                finding_mark(from), finding->clause->id,
                clause_level_name(finding->clause->level), finding->expected,
                finding->seen, frames_to_text(finding, frames, sizeof frames));
}

/* Calls `add` for every comment of the frame. */
static void each_comment(struct annotation *a, struct buffer *out,
                         void (*add)(struct annotation *a, struct buffer *out,
                                     const char *comment))
{
    char text[1024];

    for (size_t i = 0; i < a->result->finding_count; i++) {
        if (!tells(&a->result->findings[i].finding, a->frame))
            continue;
        comment_on(&a->result->findings[i], a->frame, text, sizeof text);
        add(a, out, text);
    }
}

/* ---- pcapng ---- */

static uint32_t get_u32(const struct annotation *a, const uint8_t *at)
{
    return a->big_endian ? read_u32(at) : __builtin_bswap32(read_u32(at));
}

static void put_u16(const struct annotation *a, struct buffer *out,
                    uint16_t value)
{
    buffer_u16(out, a->big_endian ? value : __builtin_bswap16(value));
}

static void put_u32(const struct annotation *a, struct buffer *out,
                    uint32_t value)
{
    buffer_u32(out, a->big_endian ? value : __builtin_bswap32(value));
}

static void add_option(struct annotation *a, struct buffer *out,
                       const char *comment)
{
    struct bytes text = bytes_of_string(comment);

    put_u16(a, out, OPTION_COMMENT);
    put_u16(a, out, (uint16_t)text.size);
    buffer_bytes(out, text);
    while (out->size % 4 != 0)
        buffer_u8(out, 0);
}

/* The packet block with the comments put before its own options. */
static void copy_packet(struct annotation *a, struct bytes block)
{
    uint32_t captured = get_u32(a, block.data + 20);
    size_t end_of_frame = PACKET_HEADER + (((size_t)captured + 3) & ~(size_t)3);
    struct buffer comments = {0};
    uint32_t size;

    each_comment(a, &comments, add_option);
    if (comments.size == 0 || end_of_frame + 4 > block.size) {
        buffer_bytes(&a->out, block);
        buffer_free(&comments);
        return;
    }
    if (end_of_frame + 4 == block.size) { /* there were no options */
        put_u16(a, &comments, 0);
        put_u16(a, &comments, 0);
    }
    size = (uint32_t)(block.size + comments.size);
    buffer_bytes(&a->out, bytes_slice(block, 0, 4));
    put_u32(a, &a->out, size);
    buffer_bytes(&a->out, bytes_slice(block, 8, end_of_frame - 8));
    buffer_bytes(&a->out, buffer_view(&comments));
    buffer_bytes(&a->out, bytes_slice(block, end_of_frame,
                                      block.size - 4 - end_of_frame));
    put_u32(a, &a->out, size);
    buffer_free(&comments);
}

static void copy_block(struct annotation *a, struct bytes block)
{
    uint32_t type = get_u32(a, block.data);

    if (type == PACKET || type == SIMPLE_PACKET || type == ENHANCED_PACKET ||
        type == JOURNAL || type == CUSTOM || type == CUSTOM_NO_COPY)
        a->frame++;
    buffer_clear(&a->out);
    if ((type == PACKET || type == ENHANCED_PACKET) &&
        block.size >= PACKET_HEADER + 4)
        copy_packet(a, block);
    else
        buffer_bytes(&a->out, block);
    /* The length of a section grows with its comments: not said any more. */
    if (type == SECTION_HEADER && block.size >= SECTION_LENGTH + 8)
        memset(a->out.data + SECTION_LENGTH, 0xff, 8);
    fwrite(a->out.data, 1, a->out.size, a->file);
}

/* A section header says its own byte order behind its length. */
static bool take_byte_order(struct annotation *a, const uint8_t *head)
{
    uint8_t magic[4];

    if (read_u32(head) != SECTION_HEADER)
        return true;
    if (fread(magic, 1, sizeof magic, a->in) != sizeof magic ||
        fseek(a->in, -(long)sizeof magic, SEEK_CUR) != 0)
        return false;
    a->big_endian = read_u32(magic) == BYTE_ORDER_MAGIC;
    return a->big_endian ||
           __builtin_bswap32(read_u32(magic)) == BYTE_ORDER_MAGIC;
}

/* Up to the end, or to where blocks stop making sense. */
static void copy_blocks(struct annotation *a)
{
    uint8_t head[BLOCK_HEADER];
    uint8_t *block = NULL;

    while (fread(head, 1, sizeof head, a->in) == sizeof head &&
           take_byte_order(a, head)) {
        uint32_t size = get_u32(a, head + 4);

        if (size < BLOCK_LEAST || size > BLOCK_MOST || size % 4 != 0)
            break;
        block = memory_resize(block, size);
        memcpy(block, head, sizeof head);
        if (fread(block + sizeof head, 1, size - sizeof head, a->in) !=
            size - sizeof head)
            break;
        copy_block(a, bytes_of(block, size));
    }
    free(block);
}

/* ---- pcap ---- */

static void add_text(struct annotation *a, struct buffer *out,
                     const char *comment)
{
    (void)a;
    buffer_format(out, "%s%s", out->size > 0 ? "\n" : "", comment);
}

static bool copy_frames(struct annotation *a, pcap_t *pcap, const char *path,
                        struct error *error)
{
    /* LINKTYPE_RAW has another number inside libpcap. */
    uint32_t linktype = (uint32_t)pcap_datalink(pcap);
    struct trace_writer *writer = trace_writer_open(
        path, linktype == DLT_RAW ? LINKTYPE_RAW : linktype, error);
    struct pcap_pkthdr *header;
    const u_char *octets;
    bool good = writer != NULL;

    while (good && pcap_next_ex(pcap, &header, &octets) == 1) {
        struct buffer comment = {0};
        uint64_t time = (uint64_t)header->ts.tv_sec * NS_PER_S +
                        (uint64_t)header->ts.tv_usec;

        a->frame++;
        each_comment(a, &comment, add_text);
        if (comment.size > 0)
            buffer_u8(&comment, 0);
        good = trace_writer_frame(
            writer, time, bytes_of(octets, header->caplen), header->len,
            comment.size > 0 ? (const char *)comment.data : NULL, error);
        buffer_free(&comment);
    }
    if (writer != NULL)
        good = trace_writer_close(writer, good ? error : NULL) && good;
    return good;
}

static bool annotate_pcap(struct annotation *a, const char *path,
                          struct error *error)
{
    char why[PCAP_ERRBUF_SIZE];
    pcap_t *pcap = pcap_open_offline_with_tstamp_precision(
        a->path, PCAP_TSTAMP_PRECISION_NANO, why);
    bool good;

    if (pcap == NULL)
        return error_set(error, "%s: %.200s", a->path, why);
    good = copy_frames(a, pcap, path, error);
    pcap_close(pcap);
    return good;
}

/* ---- Both ---- */

static bool is_pcapng(FILE *in)
{
    uint8_t magic[4] = {0};
    bool found = fread(magic, 1, sizeof magic, in) == sizeof magic &&
                 read_u32(magic) == SECTION_HEADER;

    rewind(in);
    return found;
}

static bool same_file(FILE *in, const char *path)
{
    struct stat one, other;

    return fstat(fileno(in), &one) == 0 && stat(path, &other) == 0 &&
           one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

static bool annotate_pcapng(struct annotation *a, const char *path,
                            struct error *error)
{
    bool good;

    a->file = fopen(path, "wbe");
    if (a->file == NULL)
        return error_set(error, "%s: %s", path, strerror(errno));
    copy_blocks(a);
    good = fflush(a->file) == 0 && ferror(a->file) == 0;
    if (!good)
        error_set(error, "%s: %s", path, strerror(errno));
    fclose(a->file);
    buffer_free(&a->out);
    return good;
}

bool result_annotate(const struct result *result, const char *capture,
                     const char *path, struct error *error)
{
    struct annotation a = {.result = result, .path = capture};
    bool good;

    a.in = fopen(capture, "rbe");
    if (a.in == NULL)
        return error_set(error, "%s: %s", capture, strerror(errno));
    if (same_file(a.in, path))
        good = error_set(error, "%s: would be written over itself", path);
    else
        good = is_pcapng(a.in) ? annotate_pcapng(&a, path, error)
                               : annotate_pcap(&a, path, error);
    fclose(a.in);
    return good;
}
