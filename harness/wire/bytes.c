/* Views, hexadecimal, the cursor, and big-endian words. */
#include "wire/bytes.h"

#include <string.h>

struct bytes bytes_of(const void *data, size_t size)
{
    return (struct bytes){.data = data, .size = size};
}

struct bytes bytes_of_string(const char *text)
{
    return bytes_of(text, strlen(text));
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    if (a.size != b.size)
        return false;
    return a.size == 0 || memcmp(a.data, b.data, a.size) == 0;
}

struct bytes bytes_slice(struct bytes all, size_t offset, size_t size)
{
    if (offset >= all.size)
        return bytes_of(NULL, 0);
    size_t left = all.size - offset;
    return bytes_of(all.data + offset, size < left ? size : left);
}

char *bytes_to_hex(struct bytes octets, char *text, size_t text_size)
{
    static const char digits[] = "0123456789abcdef";
    if (text_size == 0)
        return text;
    size_t room = (text_size - 1) / 2;
    size_t count = octets.size < room ? octets.size : room;
    for (size_t i = 0; i < count; i++) {
        text[2 * i] = digits[octets.data[i] >> 4];
        text[2 * i + 1] = digits[octets.data[i] & 0x0f];
    }
    text[2 * count] = '\0';
    return text;
}

struct cursor cursor_over(struct bytes octets)
{
    return (struct cursor){.octets = octets};
}

size_t cursor_left(const struct cursor *cursor)
{
    return cursor->failed ? 0 : cursor->octets.size - cursor->offset;
}

/* The next `size` octets, or NULL (and failed) when there are fewer. */
static const uint8_t *cursor_advance(struct cursor *cursor, size_t size)
{
    if (cursor_left(cursor) < size) {
        cursor->failed = true;
        return NULL;
    }
    const uint8_t *at = cursor->octets.data + cursor->offset;
    cursor->offset += size;
    return at;
}

uint8_t cursor_u8(struct cursor *cursor)
{
    const uint8_t *at = cursor_advance(cursor, 1);
    return at ? at[0] : 0;
}

uint16_t cursor_u16(struct cursor *cursor)
{
    const uint8_t *at = cursor_advance(cursor, 2);
    return at ? read_u16(at) : 0;
}

uint32_t cursor_u32(struct cursor *cursor)
{
    const uint8_t *at = cursor_advance(cursor, 4);
    return at ? read_u32(at) : 0;
}

uint64_t cursor_u64(struct cursor *cursor)
{
    const uint8_t *at = cursor_advance(cursor, 8);
    return at ? read_u64(at) : 0;
}

struct bytes cursor_bytes(struct cursor *cursor, size_t size)
{
    if (size == 0)
        return bytes_of(NULL, 0);
    const uint8_t *at = cursor_advance(cursor, size);
    return at ? bytes_of(at, size) : bytes_of(NULL, 0);
}

struct bytes cursor_rest(struct cursor *cursor)
{
    return cursor_bytes(cursor, cursor_left(cursor));
}

uint16_t read_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
           (uint32_t)at[2] << 8 | at[3];
}

uint64_t read_u64(const uint8_t *at)
{
    return (uint64_t)read_u32(at) << 32 | read_u32(at + 4);
}

void write_u16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

void write_u32(uint8_t *at, uint32_t value)
{
    write_u16(at, (uint16_t)(value >> 16));
    write_u16(at + 2, (uint16_t)value);
}

void write_u64(uint8_t *at, uint64_t value)
{
    write_u32(at, (uint32_t)(value >> 32));
    write_u32(at + 4, (uint32_t)value);
}
