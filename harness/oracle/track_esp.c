/* What is known of each ESP SA, in one direction: sequence numbers and IVs. */
#include "oracle/oracle_private.h"

#include <stdlib.h>
#include <string.h>

/* A digest for telling octets apart, not for keeping them safe. */
uint64_t content_hash(struct bytes octets)
{
    uint64_t hash = octets.size * UINT64_C(0x9e3779b97f4a7c15);
    const uint8_t *at = octets.data;
    size_t left = octets.size;
    for (; left >= 8; at += 8, left -= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
        hash ^= hash >> 32;
    }
    uint64_t word = 0;
    if (left)
        memcpy(&word, at, left);
    hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
    return hash ^ hash >> 32;
}

static uint64_t word_at(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* SPI, sequence number and IV, the length and what the ICV ends with: octets
 * that differ between them have another ICV. (Without one, two packets may pass
 * for copies; then nothing is said about them.) The rest need not be read. */
uint64_t packet_hash(struct bytes esp)
{
    enum { END = 16 };
    const uint64_t odd = UINT64_C(0xff51afd7ed558ccd);
    if (esp.size < 2 * END)
        return content_hash(esp);
    const uint8_t *end = esp.data + esp.size - END;
    uint64_t hash = esp.size * UINT64_C(0x9e3779b97f4a7c15);
    hash = (hash ^ word_at(esp.data)) * odd;
    hash = (hash ^ hash >> 32 ^ word_at(esp.data + 8)) * odd;
    hash = (hash ^ hash >> 32 ^ word_at(end)) * odd;
    hash = (hash ^ hash >> 32 ^ word_at(end + 8)) * odd;
    return hash ^ hash >> 32;
}

/* Another SA has taken the SPI. */
static void stream_renew(struct esp_stream *stream)
{
    struct esp_stream fresh = {.key = stream->key,
                               .fresh = stream->fresh,
                               .encr = stream->encr,
                               .esn = stream->key_row ? UNKNOWN : stream->esn,
                               .key_row = stream->key_row,
                               .former_row = stream->former_row,
                               .from = stream->from,
                               .port = stream->port,
                               .sequences.counts = true,
                               .hh = stream->hh};
    history_free(&stream->sequences);
    history_free(&stream->ivs);
    *stream = fresh;
}

static struct esp_key key_of(const struct address *destination, uint32_t spi)
{
    struct esp_key key = {.destination.family = destination->family,
                          .spi = spi};
    memcpy(key.destination.octets, destination->octets,
           address_size(destination));
    return key;
}

struct child_link *child_link_find(struct oracle *oracle,
                                   const struct address *destination,
                                   uint32_t spi)
{
    struct esp_key key = key_of(destination, spi);
    struct child_link *link;
    HASH_FIND(hh, oracle->children, &key, sizeof key, link);
    return link;
}

struct child_link *child_link_add(struct oracle *oracle,
                                  const struct address *destination,
                                  uint32_t spi, uint16_t encr)
{
    struct child_link *link = child_link_find(oracle, destination, spi);
    if (!link) {
        if (HASH_COUNT(oracle->children) >= ESP_STREAMS_MAX) {
            link = oracle->children;
            HASH_DEL(oracle->children, link);
            free(link);
        }
        link = memory_take(sizeof *link);
        link->key = key_of(destination, spi);
        HASH_ADD(hh, oracle->children, key, sizeof link->key, link);
    }
    link->encr = encr;
    link->closing = (struct closing){0};
    struct esp_stream *stream = stream_find(oracle, destination, spi);
    if (stream && stream->any && !stream->key_row)
        stream_renew(stream);
    if (stream)
        stream->closing = link->closing;
    return link;
}

void child_link_close(const struct seen *seen,
                      const struct address *destination, uint32_t spi,
                      enum clause_id clause)
{
    struct oracle *oracle = seen->oracle;
    struct child_link *link = child_link_find(oracle, destination, spi);
    if (!link || link->closing.at.order || seen->sa->blind)
        return;
    link->closing = (struct closing){
        .at = seen->sight,
        .clause = clause,
        .from_start = seen->sa->from_start,
    };
    struct esp_stream *stream = stream_find(oracle, destination, spi);
    if (stream)
        stream->closing = link->closing;
}

void child_link_note_esn(struct oracle *oracle,
                         const struct address *destination, uint32_t spi,
                         bool esn)
{
    struct child_link *link = child_link_find(oracle, destination, spi);
    struct esp_stream *stream = stream_find(oracle, destination, spi);
    if (link)
        link->esn = esn ? YES : NO;
    /* One that was opened may be of the former SA. */
    if (stream)
        stream->esn = link && !stream->key_row ? link->esn : UNKNOWN;
}

/* Where the stream of that SPI that was seen last is kept: traffic of many SAs
 * comes mixed. */
static struct esp_stream **stream_last(struct oracle *oracle, uint32_t spi)
{
    return &oracle->last_streams[spi % LAST_STREAMS];
}

static void stream_remove(struct oracle *oracle, struct esp_stream *stream)
{
    struct esp_stream **last = stream_last(oracle, stream->key.spi);
    if (*last == stream)
        *last = NULL;
    HASH_DEL(oracle->streams, stream);
    history_free(&stream->sequences);
    history_free(&stream->ivs);
    free(stream);
}

struct esp_stream *stream_find(struct oracle *oracle,
                               const struct address *destination, uint32_t spi)
{
    struct esp_stream *stream = *stream_last(oracle, spi);
    if (stream && stream->key.spi == spi &&
        address_equal(&stream->key.destination, destination))
        return stream;
    struct esp_key key = key_of(destination, spi);
    HASH_FIND(hh, oracle->streams, &key, sizeof key, stream);
    return stream;
}

struct esp_stream *stream_get(struct oracle *oracle,
                              const struct address *destination, uint32_t spi)
{
    struct esp_stream *stream = stream_find(oracle, destination, spi);
    if (stream)
        return stream;
    stream = memory_take(sizeof *stream);
    stream->key = key_of(destination, spi);
    stream->sequences.counts = true;
    struct child_link *link = child_link_find(oracle, destination, spi);
    if (link) {
        stream->fresh = true;
        stream->encr = link->encr;
        stream->esn = link->esn;
        stream->closing = link->closing;
    }
    HASH_ADD(hh, oracle->streams, key, sizeof stream->key, stream);
    return stream;
}

/* Without a key nobody says whether the SA uses ESN; a number that falls by
 * more than half of its range may have gone through 2^32. */
static uint64_t widen(struct esp_stream *stream, const struct trace_esp *esp)
{
    const uint64_t half = UINT64_C(1) << 31, whole = UINT64_C(1) << 32;
    if (esp->status == TRACE_ESP_OPENED)
        return esp->sequence;
    uint64_t value = (stream->highest & ~(whole - 1)) | esp->packet.sequence;
    if (stream->any && value + half < stream->highest) {
        stream->wrapped = true;
        value += whole;
    } else if (value >= whole && value > stream->highest + half) {
        value -= whole;
    }
    return value;
}

/* Where the numbers stood when the gateway failed over. */
static void note_failover(const struct oracle *oracle,
                          struct esp_stream *stream)
{
    if (stream->failover_epoch == oracle->gateway_epoch)
        return;
    stream->failover_epoch = oracle->gateway_epoch;
    stream->before_failover = stream->highest;
    stream->before_failover_at = stream->highest_at;
    stream->failover_checked = !stream->any;
}

/* Once replay counters are synchronised, what came before and what after is
 * told by echo requests. */
static void note_echo(struct oracle *oracle, const struct trace_event *event)
{
    struct inner_packet inner;
    if (!oracle->watches_echoes || event->esp.status != TRACE_ESP_OPENED ||
        !trace_esp_inner(event, &inner) || !inner.echo_request)
        return;
    struct echo_sight *echo =
        &oracle->echoes[oracle->echo_next++ % ECHO_REQUESTS_MAX];
    *echo = (struct echo_sight){.order = oracle->order,
                                .identifier = inner.identifier,
                                .sequence = inner.sequence};
}

/* Keys tell one SA from the next that has its SPI. False: not to be judged. */
static bool tell_apart(struct oracle *oracle, struct esp_stream *stream,
                       const struct trace_event *event)
{
    const struct trace_esp *esp = &event->esp;
    uint16_t port = event->packet.in_udp ? event->packet.destination.port : 0;
    stream->moved |= stream->any && stream->port != port;
    stream->port = port;
    if (port && !endpoint_equal(&stream->from, &event->packet.source)) {
        stream->from = event->packet.source;
        oracle->esp_places[oracle->esp_place_next++ % ESP_PLACES_MAX] =
            place_of(&stream->from);
    }
    if (esp->status == TRACE_ESP_OPENED && esp->key_row != stream->key_row) {
        if (stream->key_row && esp->key_row == stream->former_row) {
            /* The former SA's last packets, or two SAs that live on. */
            stream->shared = true;
            return false;
        }
        stream->former_row = stream->key_row;
        stream->key_row = esp->key_row;
        if (stream->former_row)
            stream_renew(stream);
    }
    return !stream->shared || esp->status == TRACE_ESP_OPENED;
}

enum certainty stream_is_one(const struct oracle *oracle,
                             const struct trace_event *event,
                             const struct esp_stream *stream, uint64_t sequence)
{
    enum { LONG_RUN = 1024, NEAR = 64, SOON = 10 };
    if (event->esp.status == TRACE_ESP_OPENED)
        return CERTAIN;
    if (stream->moved)
        return DOUBTFUL;
    /* Nothing begins so near to where another one stands, nor so high so soon
     * after it. */
    if (sequence > LONG_RUN &&
        (sequence + NEAR > stream->highest ||
         event->time < stream->highest_at.time + SOON * NS_PER_S))
        return CERTAIN;
    return stream->fresh && !oracle->totals.ike_no_key ? IF_WHOLE : DOUBTFUL;
}

void track_esp(struct oracle *oracle, const struct trace_event *event)
{
    const struct trace_esp *esp = &event->esp;
    bool is_judged = under_test(oracle, &event->packet.source.address);
    struct sight sight = {oracle->order, event->frame, event->time};
    uint64_t before = 0;

    if (oracle->notes)
        expect_esp(oracle, event);
    if (esp->status == TRACE_ESP_BAD_ICV)
        return;
    if (HASH_COUNT(oracle->streams) >= ESP_STREAMS_MAX)
        stream_remove(oracle, oracle->streams);
    struct esp_stream *stream =
        stream_get(oracle, &event->packet.destination.address, esp->packet.spi);
    *stream_last(oracle, stream->key.spi) = stream;
    if (!tell_apart(oracle, stream, event))
        return;
    note_failover(oracle, stream);
    uint64_t sequence = widen(stream, esp);
    uint64_t content = event->packet.truncated ? 0 : packet_hash(esp->octets);
    enum history_result result = history_take(&stream->sequences, sequence,
                                              content, event->frame, &before);
    if (under_test(oracle, &event->packet.destination.address))
        note_echo(oracle, event);
    if (is_judged && !stream->any)
        initial_first_esp(oracle, event, &sight);
    if (is_judged) {
        rfc4303_esp(oracle, event, stream, &sight, sequence, result, before);
        if (result == HISTORY_NEW)
            rfc6311_esp(oracle, event, stream, &sight, sequence);
        else if (result == HISTORY_CLASH)
            rfc6311_esp_again(oracle, event, stream, &sight, sequence);
        if (result == HISTORY_NEW && stream->closing.at.order)
            rfc7296_closed_esp(oracle, event, stream, &sight);
    }
    if (!stream->any || sequence > stream->highest) {
        stream->any = true;
        stream->highest = sequence;
        stream->highest_at = sight;
    }
}
