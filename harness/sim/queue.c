#include "sim/sim_private.h"

#include <stdlib.h>

static bool before(const struct parcel *a, const struct parcel *b)
{
    return a->due != b->due ? a->due < b->due : a->order < b->order;
}

void queue_put(struct queue *queue, struct parcel *parcel)
{
    size_t at = queue->count++;

    if (queue->count > queue->capacity) {
        queue->capacity = queue->capacity ? queue->capacity * 2 : 64;
        queue->heap = memory_resize(queue->heap,
                                    queue->capacity * sizeof(struct parcel *));
    }
    parcel->order = queue->order++;
    for (; at > 0 && before(parcel, queue->heap[(at - 1) / 2]);
         at = (at - 1) / 2)
        queue->heap[at] = queue->heap[(at - 1) / 2];
    queue->heap[at] = parcel;
}

struct parcel *queue_first(const struct queue *queue)
{
    return queue->count ? queue->heap[0] : NULL;
}

struct parcel *queue_take(struct queue *queue)
{
    if (!queue->count)
        return NULL;
    struct parcel *first = queue->heap[0];
    struct parcel *last = queue->heap[--queue->count];
    size_t at = 0;
    for (size_t child = 1; child < queue->count; child = at * 2 + 1) {
        if (child + 1 < queue->count &&
            before(queue->heap[child + 1], queue->heap[child]))
            child++;
        if (!before(queue->heap[child], last))
            break;
        queue->heap[at] = queue->heap[child];
        at = child;
    }
    queue->heap[at] = last;
    return first;
}

void queue_free(struct queue *queue)
{
    for (size_t i = 0; i < queue->count; i++)
        free(queue->heap[i]);
    free(queue->heap);
    *queue = (struct queue){0};
}
