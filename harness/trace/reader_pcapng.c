/*
 * pcapng (draft-ietf-opsawg-pcapng). Ours, since libpcap refuses files whose
 * interfaces differ and hides comments.
 *
 * Blocks are looked at where they lie in one buffer, which holds the current
 * block and what follows it.
 */
#include "trace/capture_private.h"
#include "trace/pcapng_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW_SIZE = 1 << 20, EPB_HEADER = 20, PB_HEADER = 20 };

/* Numbered by Wireshark (4.0.17, tried) as frames, though they hold no
 * packet. */
enum {
    BLOCK_JOURNAL = 9,
    BLOCK_SYSDIG_EVENT = 0x204,
    BLOCK_SYSDIG_EVENT_2 = 0x216,
    BLOCK_SYSDIG_EVENT_2_LARGE = 0x221,
    BLOCK_CUSTOM = 0x00000bad,
    BLOCK_CUSTOM_NO_COPY = 0x40000bad,
};

struct interface {
    uint32_t linktype;
    uint32_t snap_length; /* 0: none */
    uint8_t resolution;   /* if_tsresol as it stands */
    int64_t offset;       /* s */
};

struct pcapng {
    struct capture capture;
    struct input input;
    uint8_t *data;
    size_t start, end, capacity; /* what is not used yet: start to end */
    uint64_t offset;             /* of `start` in the file */
    bool big_endian;
    struct interface *interfaces;
    size_t interface_count, interface_capacity;
    uint64_t frames;
    uint64_t last_time;
};

struct block {
    uint32_t type;
    uint32_t size; /* of all of it */
    struct bytes body;
};

static uint32_t get_u32(const struct pcapng *own, const uint8_t *at)
{
    uint32_t value = read_u32(at);

    return own->big_endian ? value : __builtin_bswap32(value);
}

static uint16_t get_u16(const struct pcapng *own, const uint8_t *at)
{
    uint16_t value = read_u16(at);

    return own->big_endian ? value : __builtin_bswap16(value);
}

/* ---- Blocks ---- */

static enum capture_result broken(const struct pcapng *own, struct error *error)
{
    error_prefix(error, "%s: octet %llu, frame %llu", own->input.path,
                 (unsigned long long)own->offset,
                 (unsigned long long)own->frames + 1);
    return CAPTURE_BROKEN;
}

static bool read_more(struct pcapng *own, size_t size, struct error *error)
{
    memmove(own->data, own->data + own->start, own->end - own->start);
    own->end -= own->start;
    own->start = 0;
    if (own->capacity < size) {
        own->data = memory_resize(own->data, size);
        own->capacity = size;
    }
    while (own->end < size) {
        ssize_t n = input_read(&own->input, own->data + own->end,
                               own->capacity - own->end);
        if (n < 0)
            return error_set(error, "%s", strerror(errno));
        if (n == 0)
            break;
        own->end += (size_t)n;
    }
    return true;
}

/* Makes `size` octets from `start` on available, or all that are left. False
 * with `error` when reading fails. */
static inline bool fill(struct pcapng *own, size_t size, struct error *error)
{
    return own->end - own->start >= size || read_more(own, size, error);
}

/* The byte order of a section stands behind the length of its header. */
static bool read_byte_order(struct pcapng *own, struct error *error)
{
    uint32_t magic = read_u32(own->data + own->start + 8);

    if (magic == PCAPNG_BYTE_ORDER_MAGIC)
        own->big_endian = true;
    else if (magic == __builtin_bswap32(PCAPNG_BYTE_ORDER_MAGIC))
        own->big_endian = false;
    else
        return error_set(error, "byte-order magic is 0x%08x, not 0x%08x", magic,
                         (unsigned)PCAPNG_BYTE_ORDER_MAGIC);
    return true;
}

static bool check_size(uint32_t size, struct error *error)
{
    if (size < PCAPNG_BLOCK_MIN)
        return error_set(error, "block too short (%u < %d)", size,
                         (int)PCAPNG_BLOCK_MIN);
    if (size > PCAPNG_BLOCK_MAX)
        return error_set(error, "block too long (%u > %d)", size,
                         (int)PCAPNG_BLOCK_MAX);
    if (size % 4 != 0)
        return error_set(error, "block of %u octets, no multiple of 4", size);
    return true;
}

/* The block at `start`, left there. */
static enum capture_result peek_block(struct pcapng *own, struct block *out,
                                      struct error *error)
{
    size_t left;
    const uint8_t *at;

    if (!fill(own, PCAPNG_BLOCK_MIN, error))
        return broken(own, error);
    left = own->end - own->start;
    if (left == 0)
        return CAPTURE_END;
    if (left < PCAPNG_BLOCK_MIN) {
        error_set(error, "cut off: too short for a block (%zu < %d)", left,
                  (int)PCAPNG_BLOCK_MIN);
        return broken(own, error);
    }
    at = own->data + own->start;
    if (read_u32(at) == PCAPNG_SECTION_HEADER && !read_byte_order(own, error))
        return broken(own, error);
    out->type = get_u32(own, at);
    out->size = get_u32(own, at + 4);
    if (!check_size(out->size, error) || !fill(own, out->size, error))
        return broken(own, error);
    left = own->end - own->start;
    if (left < out->size) {
        error_set(error, "cut off: block of %u octets, %zu are there",
                  out->size, left);
        return broken(own, error);
    }
    at = own->data + own->start;
    if (get_u32(own, at + out->size - 4) != out->size) {
        error_set(error,
                  "block lengths differ (%u at its start, %u at its end)",
                  out->size, get_u32(own, at + out->size - 4));
        return broken(own, error);
    }
    out->body = bytes_of(at + 8, out->size - PCAPNG_BLOCK_MIN);
    return CAPTURE_FRAME;
}

/* ---- Options ---- */

/* The next option; false at the end, or where options stop making sense. */
static bool next_option(const struct pcapng *own, struct bytes *options,
                        uint16_t *code, struct bytes *value)
{
    if (options->size < 4)
        return false;
    *code = get_u16(own, options->data);
    size_t size = get_u16(own, options->data + 2);
    if (*code == PCAPNG_END_OF_OPTIONS || size > options->size - 4)
        return false;
    *value = bytes_slice(*options, 4, size);
    *options = bytes_slice(*options, 4 + (size + 3) / 4 * 4, options->size);
    return true;
}

/* The first comment, but one that is for us comes before others. */
static struct bytes find_comment(const struct pcapng *own, struct bytes options)
{
    static const char prefix[] = "counterfoil:";
    struct bytes value, first = bytes_of(NULL, 0);
    uint16_t code;

    while (next_option(own, &options, &code, &value)) {
        if (code != PCAPNG_COMMENT)
            continue;
        if (bytes_equal(bytes_slice(value, 0, sizeof prefix - 1),
                        bytes_of_string(prefix)))
            return value;
        if (!first.data)
            first = value;
    }
    return first;
}

/* ---- Sections and interfaces ---- */

static bool read_section(struct pcapng *own, const struct block *block,
                         struct error *error)
{
    if (block->body.size < 16)
        return error_set(error, "section header too short (%zu < %d)",
                         block->body.size, 16);
    unsigned major = get_u16(own, block->body.data + 4);
    if (major != 1)
        return error_set(error, "version %u of pcapng, not 1", major);
    own->interface_count = 0;
    return true;
}

static bool read_interface(struct pcapng *own, const struct block *block,
                           struct error *error)
{
    struct bytes body = block->body, options, value;
    struct interface interface = {.resolution = 6};
    uint16_t code;

    if (body.size < 8)
        return error_set(error, "interface description too short (%zu < %d)",
                         body.size, 8);
    if (own->interface_count == PCAPNG_INTERFACES_MAX)
        return error_set(error, "more than %d interfaces",
                         (int)PCAPNG_INTERFACES_MAX);
    interface.linktype = get_u16(own, body.data);
    interface.snap_length = get_u32(own, body.data + 4);
    options = bytes_slice(body, 8, body.size);
    while (next_option(own, &options, &code, &value)) {
        if (code == PCAPNG_IF_TSRESOL && value.size >= 1)
            interface.resolution = value.data[0];
        if (code == PCAPNG_IF_TSOFFSET && value.size >= 8) {
            uint64_t offset = read_u64(value.data);
            if (!own->big_endian)
                offset = __builtin_bswap64(offset);
            interface.offset = (int64_t)offset;
        }
    }
    if (own->interface_count == own->interface_capacity) {
        own->interface_capacity = 2 * own->interface_capacity + 4;
        own->interfaces =
            memory_resize(own->interfaces,
                          own->interface_capacity * sizeof own->interfaces[0]);
    }
    own->interfaces[own->interface_count++] = interface;
    return true;
}

static uint64_t clip_time(__int128 time)
{
    if (time < 0)
        return 0;
    return time > (__int128)UINT64_MAX ? UINT64_MAX : (uint64_t)time;
}

/* if_tsresol: a negative power of 10, or with the top bit of 2. */
static uint64_t to_ns(const struct interface *interface, uint64_t units)
{
    unsigned power = interface->resolution & 0x7f;
    unsigned __int128 ns = units;

    if (interface->resolution == 9 && interface->offset == 0)
        return units;
    if (interface->resolution & 0x80) {
        ns = ns * 1000000000u >> power;
    } else {
        for (; power < 9; power++)
            ns *= 10;
        for (; power > 9 && ns > 0; power--)
            ns /= 10;
    }
    return clip_time((__int128)ns + (__int128)interface->offset * 1000000000);
}

/* ---- Packets ---- */

static const struct interface *find_interface(const struct pcapng *own,
                                              uint32_t id, struct error *error)
{
    if (id < own->interface_count)
        return &own->interfaces[id];
    error_set(error, "interface %u is not described (%zu are)", id,
              own->interface_count);
    return NULL;
}

/* The packet data behind a header of `header` octets, and the options. */
static bool take_packet(const struct pcapng *own, struct bytes body,
                        size_t header, uint32_t captured, struct frame *frame,
                        struct error *error)
{
    if (captured > body.size - header)
        return error_set(error, "%u octets captured, %zu in the block",
                         captured, body.size - header);
    frame->octets = bytes_slice(body, header, captured);
    size_t padded = ((size_t)captured + 3) / 4 * 4;
    if (body.size - header > padded)
        frame->comment =
            find_comment(own, bytes_slice(body, header + padded, body.size));
    return true;
}

/* Enhanced Packet Block and the obsolete Packet Block differ in the size of
 * the interface's number only. */
static bool read_packet(struct pcapng *own, const struct block *block,
                        struct frame *frame, struct error *error)
{
    const struct interface *interface;
    struct bytes body = block->body;
    const uint8_t *at = body.data;

    if (body.size < EPB_HEADER)
        return error_set(error, "packet block too short (%zu < %d)", body.size,
                         (int)EPB_HEADER);
    interface = find_interface(
        own, block->type == PCAPNG_PACKET ? get_u16(own, at) : get_u32(own, at),
        error);
    if (!interface)
        return false;
    frame->linktype = interface->linktype;
    frame->time = to_ns(interface, (uint64_t)get_u32(own, at + 4) << 32 |
                                       get_u32(own, at + 8));
    frame->original_size = get_u32(own, at + 16);
    return take_packet(own, body, EPB_HEADER, get_u32(own, at + 12), frame,
                       error);
}

/* Has no time of its own: that of the frame before it. */
static bool read_simple_packet(struct pcapng *own, const struct block *block,
                               struct frame *frame, struct error *error)
{
    const struct interface *interface = find_interface(own, 0, error);
    struct bytes body = block->body;
    uint32_t captured;

    if (!interface)
        return false;
    if (body.size < 4)
        return error_set(error, "simple packet block too short (%zu < %d)",
                         body.size, 4);
    captured = get_u32(own, body.data);
    frame->linktype = interface->linktype;
    frame->time = own->last_time;
    frame->original_size = captured;
    if (interface->snap_length && captured > interface->snap_length)
        captured = interface->snap_length;
    if (captured > body.size - 4)
        return error_set(error, "%u octets captured, %zu in the block",
                         captured, body.size - 4);
    frame->octets = bytes_slice(body, 4, captured);
    return true;
}

/* `*is_frame` says whether the block is one that counts. */
static bool read_block(struct pcapng *own, const struct block *block,
                       struct frame *frame, bool *is_frame, struct error *error)
{
    *is_frame = false;
    switch (block->type) {
    case PCAPNG_ENHANCED_PACKET:
    case PCAPNG_PACKET:
        *is_frame = true;
        return read_packet(own, block, frame, error);
    case PCAPNG_SIMPLE_PACKET:
        *is_frame = true;
        return read_simple_packet(own, block, frame, error);
    case PCAPNG_SECTION_HEADER:
        return read_section(own, block, error);
    case PCAPNG_INTERFACE:
        return read_interface(own, block, error);
    case BLOCK_JOURNAL:
    case BLOCK_SYSDIG_EVENT:
    case BLOCK_SYSDIG_EVENT_2:
    case BLOCK_SYSDIG_EVENT_2_LARGE:
    case BLOCK_CUSTOM:
    case BLOCK_CUSTOM_NO_COPY:
        *is_frame = frame->no_packet = true;
        frame->time = own->last_time;
        return true;
    default:
        return true;
    }
}

static enum capture_result pcapng_next(struct capture *capture,
                                       struct frame *frame, struct error *error)
{
    struct pcapng *own = (struct pcapng *)capture;
    struct block block = {0};
    bool is_frame = false;

    while (!is_frame) {
        enum capture_result result = peek_block(own, &block, error);
        if (result != CAPTURE_FRAME)
            return result;
        *frame = (struct frame){0};
        if (!read_block(own, &block, frame, &is_frame, error))
            return broken(own, error);
        own->start += block.size;
        own->offset += block.size;
    }
    frame->number = ++own->frames;
    own->last_time = frame->time;
    return CAPTURE_FRAME;
}

static void pcapng_free(struct capture *capture)
{
    struct pcapng *own = (struct pcapng *)capture;

    input_close(&own->input);
    free(own->interfaces);
    free(own->data);
    free(own);
}

static const struct capture_ops pcapng_ops = {pcapng_next, pcapng_free, NULL};

struct capture *capture_open_pcapng(struct input *input, struct error *error)
{
    struct pcapng *own = memory_take(sizeof *own);

    own->capture.ops = &pcapng_ops;
    own->input = *input;
    own->capacity = WINDOW_SIZE;
    own->data = memory_resize(NULL, own->capacity);
    (void)error;
    return &own->capture;
}
