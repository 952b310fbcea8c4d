/* Allocation that does not fail, and the arena. */
#include "wire/bytes.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *memory_or_abort(void *at, size_t size)
{
    if (!at) {
        fprintf(stderr, "counterfoil: out of memory (%zu octets)\n", size);
        abort();
    }
    return at;
}

void *memory_take(size_t size)
{
    return memory_or_abort(calloc(1, size ? size : 1), size);
}

void *memory_resize(void *old, size_t size)
{
    return memory_or_abort(realloc(old, size ? size : 1), size);
}

char *memory_text(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(memory_take(size), text, size);
}

void memory_cleanse(void *at, size_t size)
{
    if (size > 0)
        explicit_bzero(at, size);
}

/* Chunks grow from the first size, each as large as all before it, up to the
 * last size; one that is asked for more holds just that. */
enum { ARENA_FIRST = 1024, ARENA_LAST = 64 * 1024 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t used;
    size_t capacity;
    alignas(max_align_t) uint8_t octets[];
};

static struct arena_chunk *arena_grow(struct arena *arena, size_t size)
{
    size_t capacity = arena->chunks ? arena->chunks->capacity * 2 : ARENA_FIRST;
    if (capacity > ARENA_LAST)
        capacity = ARENA_LAST;
    if (capacity < size)
        capacity = size;
    if (capacity > SIZE_MAX - sizeof(struct arena_chunk))
        memory_or_abort(NULL, capacity);
    struct arena_chunk *chunk = memory_take(sizeof *chunk + capacity);
    chunk->capacity = capacity;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    return chunk;
}

void *arena_take(struct arena *arena, size_t size)
{
    const size_t unit = alignof(max_align_t);
    if (size > SIZE_MAX - unit)
        memory_or_abort(NULL, size);
    size = size ? (size + unit - 1) / unit * unit : unit;
    struct arena_chunk *chunk = arena->chunks;
    if (!chunk || chunk->capacity - chunk->used < size)
        chunk = arena_grow(arena, size);
    void *at = chunk->octets + chunk->used;
    chunk->used += size;
    return at;
}

struct bytes arena_copy(struct arena *arena, struct bytes octets)
{
    if (octets.size == 0)
        return bytes_of(NULL, 0);
    void *at = arena_take(arena, octets.size);
    memcpy(at, octets.data, octets.size);
    return bytes_of(at, octets.size);
}

void arena_free(struct arena *arena)
{
    while (arena->chunks) {
        struct arena_chunk *chunk = arena->chunks;
        arena->chunks = chunk->next;
        memory_cleanse(chunk->octets, chunk->used);
        free(chunk);
    }
}
