/* Writing pcapng: one section, one interface, Enhanced Packet Blocks. */
#include "trace/output_private.h"
#include "trace/pcapng_private.h"
#include "trace/trace.h"

#include <stdlib.h>
#include <string.h>

struct trace_writer {
    struct output output;
    struct buffer block;
};

/* Blocks are in the byte order of the section; ours is little endian. */
static void put_u16(struct buffer *out, uint16_t value)
{
    buffer_u8(out, (uint8_t)value);
    buffer_u8(out, (uint8_t)(value >> 8));
}

static void put_u32(struct buffer *out, uint32_t value)
{
    put_u16(out, (uint16_t)value);
    put_u16(out, (uint16_t)(value >> 16));
}

static void put_padded(struct buffer *out, struct bytes octets)
{
    buffer_bytes(out, octets);
    while (out->size % 4 != 0)
        buffer_u8(out, 0);
}

static void put_option(struct buffer *out, uint16_t code, struct bytes value)
{
    put_u16(out, code);
    put_u16(out, (uint16_t)value.size);
    put_padded(out, value);
}

static void begin_block(struct buffer *out, uint32_t type)
{
    buffer_clear(out);
    put_u32(out, type);
    put_u32(out, 0); /* the length, see end_block */
}

static void end_block(struct buffer *out)
{
    uint32_t total = (uint32_t)out->size + 4;

    put_u32(out, total);
    for (unsigned i = 0; i < 4; i++)
        out->data[4 + i] = (uint8_t)(total >> (8 * i));
}

static bool write_block(struct trace_writer *writer, struct error *error)
{
    end_block(&writer->block);
    return output_record(&writer->output, buffer_view(&writer->block), error);
}

static bool write_section_header(struct trace_writer *writer,
                                 struct error *error)
{
    struct buffer *block = &writer->block;

    begin_block(block, PCAPNG_SECTION_HEADER);
    put_u32(block, PCAPNG_BYTE_ORDER_MAGIC);
    put_u16(block, 1); /* major version */
    put_u16(block, 0);
    put_u32(block, UINT32_MAX); /* length of the section: not known */
    put_u32(block, UINT32_MAX);
    put_option(block, PCAPNG_SHB_USERAPPL, bytes_of_string("counterfoil"));
    put_option(block, PCAPNG_END_OF_OPTIONS, bytes_of(NULL, 0));
    return write_block(writer, error);
}

static bool write_interface(struct trace_writer *writer, uint32_t linktype,
                            struct error *error)
{
    static const uint8_t nanoseconds = 9;
    struct buffer *block = &writer->block;

    begin_block(block, PCAPNG_INTERFACE);
    put_u16(block, (uint16_t)linktype);
    put_u16(block, 0);
    put_u32(block, 0); /* no snapshot length */
    put_option(block, PCAPNG_IF_TSRESOL, bytes_of(&nanoseconds, 1));
    put_option(block, PCAPNG_END_OF_OPTIONS, bytes_of(NULL, 0));
    return write_block(writer, error);
}

struct trace_writer *trace_writer_open(const char *path, uint32_t linktype,
                                       struct error *error)
{
    struct trace_writer *writer = memory_take(sizeof *writer);

    if (!output_open(&writer->output, path, error)) {
        free(writer);
        return NULL;
    }
    if (!write_section_header(writer, error) ||
        !write_interface(writer, linktype, error)) {
        trace_writer_close(writer, NULL);
        return NULL;
    }
    return writer;
}

bool trace_writer_frame(struct trace_writer *writer, uint64_t time,
                        struct bytes frame, size_t original_size,
                        const char *comment, struct error *error)
{
    struct buffer *block = &writer->block;

    if (frame.size > PCAPNG_FRAME_MAX)
        return error_set(error, "%s: frame too large (%zu > %d)",
                         writer->output.path, frame.size,
                         (int)PCAPNG_FRAME_MAX);
    begin_block(block, PCAPNG_ENHANCED_PACKET);
    put_u32(block, 0); /* the interface */
    put_u32(block, (uint32_t)(time >> 32));
    put_u32(block, (uint32_t)time);
    put_u32(block, (uint32_t)frame.size);
    put_u32(block,
            original_size > UINT32_MAX ? UINT32_MAX : (uint32_t)original_size);
    put_padded(block, frame);
    if (comment) {
        put_option(block, PCAPNG_COMMENT,
                   bytes_slice(bytes_of_string(comment), 0, UINT16_MAX));
        put_option(block, PCAPNG_END_OF_OPTIONS, bytes_of(NULL, 0));
    }
    return write_block(writer, error);
}

bool trace_writer_close(struct trace_writer *writer, struct error *error)
{
    if (!writer)
        return true;
    bool ok = output_close(&writer->output, error);
    buffer_free(&writer->block);
    free(writer);
    return ok;
}
