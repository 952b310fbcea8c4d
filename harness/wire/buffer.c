/* The growing writer. */
#include "wire/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_FIRST = 64 };

/* Makes room for `size` more octets. What moves is cleansed where it was,
 * since a buffer may hold keys. */
static uint8_t *buffer_extend(struct buffer *buffer, size_t size)
{
    if (!buffer->data || buffer->capacity - buffer->size < size) {
        if (size > SIZE_MAX / 2 - buffer->size) {
            fprintf(stderr,
                    "counterfoil: buffer of %zu octets cannot grow "
                    "by %zu\n",
                    buffer->size, size);
            abort();
        }
        size_t capacity = buffer->capacity ? buffer->capacity : BUFFER_FIRST;
        while (capacity < buffer->size + size)
            capacity *= 2;
        uint8_t *data = memory_resize(NULL, capacity);
        if (buffer->data && buffer->size > 0)
            memcpy(data, buffer->data, buffer->size);
        memory_cleanse(buffer->data, buffer->capacity);
        free(buffer->data);
        buffer->data = data;
        buffer->capacity = capacity;
    }
    uint8_t *at = buffer->data + buffer->size;
    buffer->size += size;
    return at;
}

void buffer_u8(struct buffer *buffer, uint8_t value)
{
    *buffer_extend(buffer, 1) = value;
}

void buffer_u16(struct buffer *buffer, uint16_t value)
{
    write_u16(buffer_extend(buffer, 2), value);
}

void buffer_u32(struct buffer *buffer, uint32_t value)
{
    write_u32(buffer_extend(buffer, 4), value);
}

void buffer_u64(struct buffer *buffer, uint64_t value)
{
    write_u64(buffer_extend(buffer, 8), value);
}

void buffer_bytes(struct buffer *buffer, struct bytes octets)
{
    if (octets.size > 0)
        memcpy(buffer_extend(buffer, octets.size), octets.data, octets.size);
}

uint8_t *buffer_space(struct buffer *buffer, size_t size)
{
    uint8_t *at = buffer_extend(buffer, size);
    memset(at, 0, size);
    return at;
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (size <= 0)
        return;
    /* The NUL that vsnprintf adds is cut off again. */
    uint8_t *at = buffer_extend(buffer, (size_t)size + 1);
    va_start(arguments, format);
    vsnprintf((char *)at, (size_t)size + 1, format, arguments);
    va_end(arguments);
    buffer->size--;
}

struct bytes buffer_view(const struct buffer *buffer)
{
    return bytes_of(buffer->data, buffer->size);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
}

void buffer_free(struct buffer *buffer)
{
    memory_cleanse(buffer->data, buffer->capacity);
    free(buffer->data);
    *buffer = (struct buffer){0};
}
