/* Values that must not come twice with different content. */
#include "oracle/oracle_private.h"

#include <stdlib.h>
#include <string.h>

enum { RECENT_BITS_MIN = 4, RECENT_BITS_MAX = 10, SAMPLE_BITS = 6 };

/* Spreads neighbouring values evenly over the slots (Fibonacci hashing). */
static uint64_t spread(uint64_t value)
{
    return (value + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static size_t slot(uint64_t value, uint32_t bits)
{
    return (size_t)(spread(value) >> (64 - bits));
}

/* Counters run through memory: the processor fetches ahead. */
static size_t recent_slot(const struct history *history, uint64_t value)
{
    if (history->counts)
        return (size_t)value & (((size_t)1 << history->recent_bits) - 1);
    return slot(value, history->recent_bits);
}

/* An empty slot has frame 0: frames count from 1. */
static const struct history_entry *look_up(const struct history_entry *entry,
                                           uint64_t value)
{
    return entry->frame && entry->value == value ? entry : NULL;
}

/* More room while the SA is busy enough to need it. */
static void grow_recent(struct history *history)
{
    uint32_t bits =
        history->recent ? history->recent_bits + 2 : RECENT_BITS_MIN;
    if (bits > RECENT_BITS_MAX)
        return;
    struct history_entry *former = history->recent;
    size_t count = former ? (size_t)1 << history->recent_bits : 0;
    history->recent = memory_take(sizeof *former << bits);
    history->recent_bits = bits;
    for (size_t i = 0; i < count; i++)
        if (former[i].frame)
            history->recent[recent_slot(history, former[i].value)] = former[i];
    free(former);
}

static bool is_sampled(uint64_t value, uint32_t stride_bits)
{
    return (spread(value) & ((UINT64_C(1) << stride_bits) - 1)) == 0;
}

/* One value in 2^stride_bits, chosen by the value, so that a counter that
 * comes back meets a sampled one soon. When the sample is full, every other
 * one goes. */
static void sample(struct history *history, const struct history_entry *entry)
{
    if (!is_sampled(entry->value, history->stride_bits))
        return;
    if (!history->sample)
        history->sample = memory_take(sizeof *entry << SAMPLE_BITS);
    if (history->sampled >= (1u << SAMPLE_BITS) / 2 &&
        history->stride_bits < 40) {
        history->stride_bits++;
        history->sampled = 0;
        for (size_t i = 0; i < 1u << SAMPLE_BITS; i++) {
            struct history_entry *old = &history->sample[i];
            if (old->frame && is_sampled(old->value, history->stride_bits))
                history->sampled++;
            else
                old->frame = 0;
        }
        if (!is_sampled(entry->value, history->stride_bits))
            return;
    }
    history->sampled++;
    history->sample[slot(entry->value, SAMPLE_BITS)] = *entry;
}

static const struct history_entry *find(const struct history *history,
                                        uint64_t value)
{
    const struct history_entry *old = NULL;
    if (history->recent)
        old = look_up(&history->recent[recent_slot(history, value)], value);
    if (!old && history->sample && is_sampled(value, history->stride_bits))
        old = look_up(&history->sample[slot(value, SAMPLE_BITS)], value);
    return old;
}

enum history_result history_take(struct history *history, uint64_t value,
                                 uint64_t content, uint64_t frame,
                                 uint64_t *before)
{
    /* Most are above all before: then memory need not be waited for. */
    bool above = !history->taken || value > history->highest;
    const struct history_entry *old = above ? NULL : find(history, value);
    if (old) {
        *before = old->frame;
        return old->content == content || !content || !old->content
                   ? HISTORY_SAME
                   : HISTORY_CLASH;
    }
    struct history_entry entry = {value, content, frame};
    if (!history->recent || (history->recent_bits < RECENT_BITS_MAX &&
                             history->taken >> history->recent_bits))
        grow_recent(history);
    if (history->taken < UINT32_MAX)
        history->taken++;
    if (above)
        history->highest = value;
    history->recent[recent_slot(history, value)] = entry;
    if (history->counts)
        __builtin_prefetch(&history->recent[recent_slot(history, value + 4)],
                           1);
    sample(history, &entry);
    return HISTORY_NEW;
}

void history_free(struct history *history)
{
    free(history->recent);
    free(history->sample);
    *history = (struct history){.counts = history->counts};
}
