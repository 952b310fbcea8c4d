/*
 * Octets: borrowed views, a bounds-checked reader, a growing writer, an arena.
 *
 * Everything that comes from a network or a file is read through a cursor, so
 * that no other code indexes into foreign octets.
 */
#ifndef COUNTERFOIL_WIRE_BYTES_H
#define COUNTERFOIL_WIRE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A borrowed run of octets. `data` may be NULL only when `size` is 0. */
struct bytes {
    const uint8_t *data;
    size_t size;
};

static inline struct bytes bytes_of(const void *data, size_t size)
{
    return (struct bytes){.data = (const uint8_t *)data, .size = size};
}

/* The octets of a C string, without its NUL. */
struct bytes bytes_of_string(const char *text);
bool bytes_equal(struct bytes a, struct bytes b);
/* The part of `all` from `offset` on, at most `size` octets; clipped to what
 * is there, never out of bounds. */
static inline struct bytes bytes_slice(struct bytes all, size_t offset,
                                       size_t size)
{
    if (offset >= all.size)
        return bytes_of(NULL, 0);
    size_t left = all.size - offset;
    return bytes_of(all.data + offset, size < left ? size : left);
}

/* Lower-case hexadecimal, NUL-terminated, into `text` of `text_size` octets;
 * truncated if it does not fit. Returns `text`. */
char *bytes_to_hex(struct bytes octets, char *text, size_t text_size);
/* All 16 digits. */
void hex_u64(uint64_t value, char text[static 17]);

/* An error with the place and the numbers in it; one line, no newline. */
struct error {
    char text[256];
};

/* Formats into `error` (which may be NULL) and returns false, so that a
 * function can end with `return error_set(...)`. */
bool error_set(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Puts `prefix: ` before the text that is already there. Returns false. */
bool error_prefix(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#ifdef __clang_analyzer__
/* It cannot see into another file that these always return false. */
#define error_set(...) (error_set(__VA_ARGS__), false)
#define error_prefix(...) (error_prefix(__VA_ARGS__), false)
#endif

/* A reader over octets. Reading past the end returns zeros (or an empty view)
 * and sets `failed`, which stays set; so a decoder may read a whole fixed
 * header and test once. */
struct cursor {
    struct bytes octets;
    size_t offset;
    bool failed;
};

struct cursor cursor_over(struct bytes octets);
size_t cursor_left(const struct cursor *cursor);
uint8_t cursor_u8(struct cursor *cursor);
uint16_t cursor_u16(struct cursor *cursor); /* big endian */
uint32_t cursor_u32(struct cursor *cursor); /* big endian */
uint64_t cursor_u64(struct cursor *cursor); /* big endian */
struct bytes cursor_bytes(struct cursor *cursor, size_t size);
struct bytes cursor_rest(struct cursor *cursor);

/* Big-endian reads and writes at a place whose size the caller has checked. */
static inline uint16_t read_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t read_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
           (uint32_t)at[2] << 8 | at[3];
}

static inline uint64_t read_u64(const uint8_t *at)
{
    return (uint64_t)read_u32(at) << 32 | read_u32(at + 4);
}

static inline void write_u16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static inline void write_u32(uint8_t *at, uint32_t value)
{
    write_u16(at, (uint16_t)(value >> 16));
    write_u16(at + 2, (uint16_t)value);
}

static inline void write_u64(uint8_t *at, uint64_t value)
{
    write_u32(at, (uint32_t)(value >> 32));
    write_u32(at + 4, (uint32_t)value);
}

/* A growing writer; owns `data`. Zero-initialise it ({0}) and give it back
 * with buffer_free. Running out of memory aborts the program. */
struct buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
};

void buffer_u8(struct buffer *buffer, uint8_t value);
void buffer_u16(struct buffer *buffer, uint16_t value);
void buffer_u32(struct buffer *buffer, uint32_t value);
void buffer_u64(struct buffer *buffer, uint64_t value);
void buffer_bytes(struct buffer *buffer, struct bytes octets);
/* Appends `size` zero octets and returns where they start (valid until the
 * buffer grows again). */
uint8_t *buffer_space(struct buffer *buffer, size_t size);
void buffer_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct bytes buffer_view(const struct buffer *buffer);
/* Empties it and keeps the memory. */
void buffer_clear(struct buffer *buffer);
/* Cleanses and releases; the buffer is empty and usable afterwards. */
void buffer_free(struct buffer *buffer);

/* Memory that is released all at once; addresses stay valid until then.
 * Zero-initialise it ({0}); release with arena_free. */
struct arena_chunk;
struct arena {
    struct arena_chunk *chunks;
};

/* Zeroed memory, aligned for any type. Aborts when memory runs out. */
void *arena_take(struct arena *arena, size_t size);
struct bytes arena_copy(struct arena *arena, struct bytes octets);
/* Cleanses and releases everything taken from it. */
void arena_free(struct arena *arena);

/* malloc and friends that abort when memory runs out. */
void *memory_take(size_t size); /* zeroed */
void *memory_resize(void *old, size_t size);
char *memory_text(const char *text); /* strdup */
/* Overwrites with zeros in a way that is not optimised out. */
void memory_cleanse(void *at, size_t size);

#endif
