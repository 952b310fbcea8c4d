/* Opens ESP packets with the keys of their SPI. */
#include "trace/trace_private.h"

#include <string.h>

enum { RANKS = 3, ROWS_MAX = 16, HIGHS_MAX = 10, ESP_TRAILER = 2 };

/* The packet as the rows are tried on it. */
struct attempt {
    struct trace_reader *reader;
    struct trace_event *event;
    const struct trace_keys *keys; /* that `row` is of */
    struct esp_states *states;
    const struct esp_row *row;
    struct esp_state *state;
    size_t tried;
    bool binding; /* a row says for sure that the packet is forged */
};

static struct esp_state *find_state(struct esp_states *states,
                                    const struct trace_keys *keys,
                                    const struct esp_row *row)
{
    if (row->index >= states->count) {
        size_t count = trace_keys_esp_count(keys);
        states->of = memory_resize(states->of, count * sizeof states->of[0]);
        memset(states->of + states->count, 0,
               (count - states->count) * sizeof states->of[0]);
        states->count = count;
    }
    return &states->of[row->index];
}

/* ---- Extended Sequence Numbers ---- */

struct highs {
    uint32_t value[HIGHS_MAX];
    size_t count;
};

static void add_high(struct highs *highs, uint64_t high)
{
    if (high > UINT32_MAX || highs->count == HIGHS_MAX)
        return;
    for (size_t i = 0; i < highs->count; i++)
        if (highs->value[i] == high)
            return;
    highs->value[highs->count++] = (uint32_t)high;
}

/* RFC 4303 A2.2 with the widest window: the number nearest to `last`. */
static uint64_t nearest_high(uint64_t last, uint32_t low)
{
    int64_t distance = (int32_t)(low - (uint32_t)last);

    if (distance < 0 && (uint64_t)-distance > last)
        return 0;
    return (last + (uint64_t)distance) >> 32;
}

/* The high halves worth trying, likeliest first: the ICV decides. Beyond the
 * window there are counters that jump ahead (RFC 6311 5.2), or fall back
 * after a failover. */
static void likely_highs(const struct esp_row *row,
                         const struct esp_state *state, uint32_t low,
                         struct highs *out)
{
    uint64_t high = state->last >> 32;

    out->count = 0;
    if (state->opened) {
        add_high(out, nearest_high(state->last, low));
        add_high(out, high);
        add_high(out, high + 1);
        add_high(out, high - 1);
        add_high(out, state->top >> 32);
    }
    add_high(out, row->high);
    add_high(out, (uint64_t)row->high + 1);
    for (uint32_t i = 0; i < HIGHS_MAX; i++)
        add_high(out, i);
}

/* ---- One row ---- */

/* With ESN the high half is authenticated: before the low one with an AEAD
 * (RFC 4106 5), behind the packet otherwise (RFC 4303 2.2.1). */
static bool open_with(const struct attempt *attempt, bool esn, uint32_t high)
{
    struct trace_reader *reader = attempt->reader;
    const struct trace_esp *esp = &attempt->event->esp;
    struct bytes header = bytes_slice(esp->octets, 0, ESP_HEADER_SIZE);
    struct bytes aad = header, tail = bytes_of(NULL, 0);
    uint8_t extended[12], high_octets[4];

    if (esn) {
        write_u32(extended, esp->packet.spi);
        write_u32(extended + 4, high);
        write_u32(extended + 8, esp->packet.sequence);
        write_u32(high_octets, high);
        aad = bytes_of(extended, sizeof extended);
        tail = bytes_of(high_octets, sizeof high_octets);
    }
    buffer_clear(&reader->plaintext);
    return protection_open(reader->crypto, &attempt->row->protection, aad,
                           header, esp->packet.rest, tail, &reader->plaintext,
                           &reader->reason);
}

/* Padding, Pad Length, Next Header (RFC 4303 2.4 to 2.6). */
static void read_trailer(struct trace_reader *reader, struct trace_event *event)
{
    struct bytes plain = buffer_view(&reader->plaintext);
    size_t padding = 0;

    if (plain.size >= ESP_TRAILER) {
        padding = plain.data[plain.size - 2];
        event->esp.next_header = plain.data[plain.size - 1];
    }
    if (plain.size < padding + ESP_TRAILER) {
        error_set(&reader->reason, "padding too long (%zu + %d > %zu)", padding,
                  (int)ESP_TRAILER, plain.size);
        event->reason = reader->reason.text;
        return;
    }
    event->esp.inner =
        bytes_slice(plain, 0, plain.size - padding - ESP_TRAILER);
}

static void opened(const struct attempt *attempt, bool esn, uint32_t high)
{
    struct trace_esp *esp = &attempt->event->esp;
    struct esp_state *state = attempt->state;

    esp->status = TRACE_ESP_OPENED;
    esp->key_row = (uint32_t)attempt->row->index + 1;
    if (attempt->keys != attempt->reader->keys)
        esp->key_row += (uint32_t)trace_keys_esp_count(attempt->reader->keys);
    esp->esn = esn;
    if (esn)
        esp->sequence = (uint64_t)high << 32 | esp->packet.sequence;
    state->opened = true;
    state->esn = esn;
    state->last = esp->sequence;
    if (esp->sequence > state->top)
        state->top = esp->sequence;
    state->destination = attempt->event->packet.destination.address;
    read_trailer(attempt->reader, attempt->event);
}

static bool try_plain(const struct attempt *attempt)
{
    if (!open_with(attempt, false, 0))
        return false;
    opened(attempt, false, 0);
    return true;
}

static bool try_extended(const struct attempt *attempt)
{
    struct highs highs;

    likely_highs(attempt->row, attempt->state,
                 attempt->event->esp.packet.sequence, &highs);
    for (size_t i = 0; i < highs.count; i++) {
        if (open_with(attempt, true, highs.value[i])) {
            opened(attempt, true, highs.value[i]);
            return true;
        }
    }
    return false;
}

/* A table of eight columns does not say whether the numbers are extended. */
static bool try_row(const struct attempt *attempt)
{
    const struct esp_state *state = attempt->state;

    if (attempt->row->esn_known)
        return attempt->row->suite.esn ? try_extended(attempt)
                                       : try_plain(attempt);
    if (state->opened)
        return state->esn ? try_extended(attempt) : try_plain(attempt);
    return try_plain(attempt) || try_extended(attempt);
}

/* ---- All rows of the SPI ---- */

static bool has_prefix(const struct address *address, const struct address *of,
                       unsigned bits)
{
    if (address->family != of->family ||
        memcmp(address->octets, of->octets, bits / 8) != 0)
        return false;
    unsigned rest = bits % 8;
    return rest == 0 ||
           (address->octets[bits / 8] ^ of->octets[bits / 8]) >> (8 - rest) ==
               0;
}

/* 0: made for this destination; 1: for any, or a prefix that holds it; 2: for
 * another one, as behind a NAT or after a move (RFC 4555), or for any SPI. */
static unsigned rank_of(const struct esp_row *row, const struct address *to)
{
    if (row->spi_mask != UINT32_MAX)
        return 2;
    if (row->destination.family == 0)
        return 1;
    if (row->prefix)
        return has_prefix(to, &row->destination, row->prefix) ? 1 : 2;
    return address_equal(&row->destination, to) ? 0 : 2;
}

/* Whether a packet that these keys do not fit is to be called forged: the row
 * is about this SA for sure, and known to be right in what it leaves open. The
 * high half of an ESN is open until a packet was opened. */
static bool is_binding(const struct attempt *attempt, unsigned rank)
{
    const struct esp_state *state = attempt->state;
    bool seen = state->opened &&
                address_equal(&state->destination,
                              &attempt->event->packet.destination.address);

    if (rank == 2 || attempt->row->icv_presumed)
        return seen;
    return seen || !attempt->row->suite.esn;
}

static void no_key(struct trace_event *event, const char *reason)
{
    event->esp.status = TRACE_ESP_NO_KEY;
    event->reason = reason;
}

static void note_iv(struct trace_event *event, const struct esp_row *row)
{
    const struct encr_info *encr = row->protection.encr;

    event->esp.iv = bytes_slice(event->esp.packet.rest, 0, encr->iv_size);
    event->esp.counter_mode = encr->counter_mode;
    event->esp.esn = row->suite.esn;
}

/* True when the packet is opened. */
static bool try_one(struct attempt *attempt, const struct esp_row *row,
                    unsigned rank)
{
    struct trace_event *event = attempt->event;

    if (rank_of(row, &event->packet.destination.address) != rank ||
        attempt->tried >= ROWS_MAX)
        return false;
    attempt->tried++;
    attempt->row = row;
    attempt->state = find_state(attempt->states, attempt->keys, row);
    if (try_row(attempt)) {
        note_iv(event, row);
        event->esp.esn = attempt->state->esn;
        return true;
    }
    if (!attempt->binding && is_binding(attempt, rank)) {
        attempt->binding = true;
        note_iv(event, row);
    }
    return false;
}

static bool try_rank(struct attempt *attempt, unsigned rank)
{
    uint32_t spi = attempt->event->esp.packet.spi;
    const struct esp_row *row = keys_find_esp(attempt->keys, spi);

    for (; row; row = row->older)
        if (try_one(attempt, row, rank))
            return true;
    if (rank < RANKS - 1)
        return false;
    row = keys_match_esp(attempt->keys->patterns, spi);
    for (; row; row = keys_match_esp(row->older, spi))
        if (try_one(attempt, row, rank))
            return true;
    return false;
}

static void try_rows(struct trace_reader *reader, struct trace_event *event)
{
    struct attempt attempt = {.reader = reader, .event = event};

    for (unsigned rank = 0; rank < RANKS; rank++) {
        attempt.keys = reader->keys;
        attempt.states = &reader->esp_states;
        if (attempt.keys && try_rank(&attempt, rank))
            return;
        attempt.keys = reader->derived;
        attempt.states = &reader->derived_states;
        if (attempt.keys && try_rank(&attempt, rank))
            return;
    }
    if (!attempt.binding) {
        no_key(event, attempt.tried ? "no key of this SPI fits" : NULL);
        return;
    }
    event->esp.status = TRACE_ESP_BAD_ICV;
    event->reason = reader->reason.text;
}

bool trace_esp_inner(const struct trace_event *event, struct inner_packet *out)
{
    return event->esp.status == TRACE_ESP_OPENED &&
           packet_decode_protected(event->esp.next_header, event->esp.inner,
                                   &event->packet.source.address,
                                   &event->packet.destination.address, out,
                                   NULL);
}

/* Whether there may be a row for it. */
static bool has_rows(const struct trace_keys *keys, uint32_t spi)
{
    return keys && (keys->patterns || keys_find_esp(keys, spi));
}

void open_esp(struct trace_reader *reader, struct trace_event *event)
{
    struct trace_esp *esp = &event->esp;

    esp->octets = event->packet.payload;
    esp->iv = bytes_of(NULL, 0);
    esp->inner = bytes_of(NULL, 0);
    esp->counter_mode = esp->esn = false;
    esp->key_row = 0;
    esp->sequence = esp->packet.sequence;
    esp->next_header = 0;
    if (!has_rows(reader->keys, esp->packet.spi) &&
        !has_rows(reader->derived, esp->packet.spi))
        no_key(event, NULL);
    else if (event->packet.truncated)
        no_key(event, "cut off, so that its ICV is not there");
    else
        try_rows(reader, event);
}
