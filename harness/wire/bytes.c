/* Views, hexadecimal, and the cursor. */
#include "wire/bytes.h"

#include <string.h>

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

void hex_u64(uint64_t value, char text[static 17])
{
    uint8_t octets[8];

    write_u64(octets, value);
    bytes_to_hex(bytes_of(octets, sizeof octets), text, 17);
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
