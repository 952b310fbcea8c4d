/* The ladder: trace events and findings as rows, in the order of time. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/report_private.h"

enum { PARTIES_MAX = 64, LABEL_SIZE = 96, DETAIL_SIZE = 400 };

void ladder_init(struct ladder *ladder, size_t limit)
{
    *ladder = (struct ladder){.limit = limit};
}

void ladder_clear(struct ladder *ladder)
{
    for (size_t i = 0; i < ladder->count; i++) {
        free(ladder->rows[i].label);
        free(ladder->rows[i].detail);
    }
    free(ladder->rows);
    free(ladder->parties);
    ladder_init(ladder, ladder->limit);
}

static size_t party(struct ladder *ladder, const struct address *address)
{
    for (size_t i = 0; i < ladder->party_count; i++)
        if (address_equal(&ladder->parties[i], address))
            return i;
    if (ladder->party_count == PARTIES_MAX)
        return PARTIES_MAX - 1;
    if (ladder->parties == NULL)
        ladder->parties = memory_take(PARTIES_MAX * sizeof *ladder->parties);
    ladder->parties[ladder->party_count] = *address;
    return ladder->party_count++;
}

/* Takes a copy of both texts; they are cleaned. */
static void add(struct ladder *ladder, struct ladder_row row, const char *label,
                const char *detail)
{
    if (ladder->count >= ladder->limit) {
        ladder->left_out++;
        return;
    }
    if (ladder->count == ladder->capacity) {
        ladder->capacity = ladder->capacity > 0 ? 2 * ladder->capacity : 64;
        ladder->rows = memory_resize(ladder->rows,
                                     ladder->capacity * sizeof *ladder->rows);
    }
    row.label = memory_text(label);
    row.detail = memory_text(detail);
    text_clean(row.label);
    text_clean(row.detail);
    ladder->rows[ladder->count++] = row;
}

/* ---- IKE ---- */

/* M1 and P1 of a request, P2 and M2 of a response (RFC 6311 6.3), or the
 * delta of 6.4. */
static void sync_values(const struct ike_message *message, bool response,
                        char *text, size_t size)
{
    struct ike_message_id_sync sync;
    struct ike_notify notify;
    char hex[24];

    if (ike_message_notify(message, IKEV2_MESSAGE_ID_SYNC, 0, &notify)) {
        if (ike_message_id_sync_decode(notify.data, &sync, NULL))
            text_append(text, size,
                        response ? "  p2=%u m2=%u" : "  m1=%u p1=%u",
                        sync.expected_send, sync.expected_recv);
        else
            text_append(text, size, "  sync data of %zu octets, not 12",
                        notify.data.size);
        bytes_to_hex(bytes_slice(notify.data, 0, 4), hex, sizeof hex);
        text_append(text, size, " nonce=%s", hex);
    }
    if (ike_message_notify(message, IPSEC_REPLAY_COUNTER_SYNC, 0, &notify)) {
        bytes_to_hex(bytes_slice(notify.data, 0, 8), hex, sizeof hex);
        text_append(text, size, "  delta=0x%s", hex);
    }
}

static void ike_detail(const struct trace_event *event, char *text, size_t size)
{
    const struct trace_ike *ike = &event->ike;
    const char *why = event->reason != NULL ? event->reason : "";

    text[0] = '\0';
    switch (ike->status) {
    case TRACE_IKE_CLEAR:
    case TRACE_IKE_OPENED:
        ike_message_summary(&ike->message, text, size);
        sync_values(&ike->message, (ike->header.flags & IKE_FLAG_RESPONSE) != 0,
                    text, size);
        break;
    case TRACE_IKE_NO_KEY:
        text_append(text, size, "sealed, no key");
        break;
    case TRACE_IKE_BAD_ICV:
        text_append(text, size, "does not verify%s%s", why[0] ? ": " : "", why);
        break;
    case TRACE_IKE_MALFORMED:
        text_append(text, size, "malformed%s%s", why[0] ? ": " : "", why);
        break;
    case TRACE_IKE_FRAGMENT:
        text_append(text, size, "fragment %u of %u", ike->fragment,
                    ike->fragments);
        return;
    }
    if (ike->fragments > 0)
        text_append(text, size, "  (from %u fragments)", ike->fragments);
}

static void ike_row(struct ladder *ladder, const struct trace_event *event,
                    struct ladder_row row)
{
    const struct trace_ike *ike = &event->ike;
    char label[LABEL_SIZE] = "IKE?";
    char detail[DETAIL_SIZE];

    if (ike->header_valid)
        snprintf(label, sizeof label, "%s %s %u",
                 ike_exchange_name(ike->header.exchange),
                 ike->header.flags & IKE_FLAG_RESPONSE ? "response" : "request",
                 ike->header.message_id);
    ike_detail(event, detail, sizeof detail);
    add(ladder, row, label, detail);
}

/* ---- ESP ---- */

static void inner_detail(const struct trace_event *event, char *text,
                         size_t size)
{
    struct inner_packet inner;
    char source[ENDPOINT_TEXT], destination[ENDPOINT_TEXT];

    if (!trace_esp_inner(event, &inner))
        return;
    if (inner.echo_request || inner.echo_reply)
        text_append(text, size, "ICMP echo %s %u/%u ",
                    inner.echo_request ? "request" : "reply", inner.identifier,
                    inner.sequence);
    else
        text_append(text, size, "%s ",
                    inner.protocol == IP_UDP ? "UDP" : "IP packet");
    text_append(text, size, "%s > %s",
                address_to_text(&inner.source.address, source, sizeof source),
                address_to_text(&inner.destination.address, destination,
                                sizeof destination));
}

static void esp_row(struct ladder *ladder, const struct trace_event *event,
                    struct ladder_row row)
{
    const struct trace_esp *esp = &event->esp;
    char label[LABEL_SIZE];
    char detail[DETAIL_SIZE] = "";

    snprintf(label, sizeof label, "ESP %08x seq %" PRIu64, esp->packet.spi,
             esp->esn ? esp->sequence : esp->packet.sequence);
    if (esp->status == TRACE_ESP_NO_KEY)
        text_append(detail, sizeof detail, "sealed, no key");
    else if (esp->status == TRACE_ESP_BAD_ICV)
        text_append(detail, sizeof detail, "does not verify");
    else
        inner_detail(event, detail, sizeof detail);
    add(ladder, row, label, detail);
}

/* ---- Notes ---- */

static const char *member(const json_t *note, const char *name)
{
    const char *text = json_string_value(json_object_get(note, name));

    return text != NULL ? text : "";
}

/* Every member of a note that is a text or a number, as "name value". */
static void note_members(const json_t *note, char *text, size_t size)
{
    static const char *const done[] = {"event", "time",   "from", "to",
                                       "text",  "digest", "until"};
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)note, name, value)
    {
        bool skip = false;

        for (size_t i = 0; i < sizeof done / sizeof *done; i++)
            skip |= strcmp(name, done[i]) == 0;
        if (skip)
            continue;
        if (json_is_string(value) && json_string_length(value) > 0)
            text_append(text, size, " %s %s", name, json_string_value(value));
        else if (json_is_integer(value))
            text_append(text, size, " %s %" JSON_INTEGER_FORMAT, name,
                        json_integer_value(value));
        else if (json_is_true(value))
            text_append(text, size, " %s", name);
    }
}

static void note_row(struct ladder *ladder, const struct trace_event *event,
                     struct ladder_row row)
{
    const json_t *note = event->note;
    const char *kind = member(note, "event");
    const char *from = member(note, "from");
    const char *text = member(note, "text");
    char detail[DETAIL_SIZE] = "";

    if (strcmp(kind, "alive") == 0)
        return;
    row.kind = LADDER_NOTE;
    if (from[0] != '\0')
        text_append(detail, sizeof detail, "%s -> %s", from,
                    member(note, "to"));
    if (text[0] != '\0')
        text_append(detail, sizeof detail, "%s%s", detail[0] != '\0' ? " " : "",
                    text);
    if (strcmp(kind, "run") == 0)
        text_append(detail, sizeof detail, "%s: %s", member(note, "scenario"),
                    member(note, "title"));
    else if (strcmp(kind, "expect") != 0 && strcmp(kind, "inject") != 0)
        note_members(note, detail, sizeof detail);
    add(ladder, row, kind[0] != '\0' ? kind : "note", detail);
}

/* ---- Findings ---- */

static void finding_row(struct ladder *ladder, const struct trace_event *event,
                        const struct result_finding *from)
{
    const struct finding *finding = &from->finding;
    struct ladder_row row = {.kind = LADDER_FINDING,
                             .verdict = finding->verdict,
                             .time = event->time};
    char label[LABEL_SIZE];
    struct buffer detail = {0};

    snprintf(label, sizeof label, "%s %s", finding_mark(from),
             finding->clause->id);
    buffer_format(&detail, "expected %s; seen %s", finding->expected,
                  finding->seen);
    buffer_u8(&detail, 0);
    add(ladder, row, label, (const char *)detail.data);
    buffer_free(&detail);
}

static void finding_rows(struct ladder *ladder, const struct trace_event *event,
                         const struct result *result)
{
    for (size_t i = 0; i < result->finding_count; i++) {
        const struct finding *finding = &result->findings[i].finding;

        if (event->frame != 0 && finding_frame(finding) == event->frame)
            finding_row(ladder, event, &result->findings[i]);
    }
}

/* Those that no frame decides stand at the end. */
static void findings_without_frame(struct ladder *ladder,
                                   const struct result *result)
{
    struct trace_event nowhere = {0};

    for (size_t i = 0; i < result->finding_count; i++)
        if (finding_frame(&result->findings[i].finding) == 0)
            finding_row(ladder, &nowhere, &result->findings[i]);
}

/* ---- Events ---- */

void ladder_event(struct ladder *ladder, const struct trace_event *event,
                  const struct result *result)
{
    struct ladder_row row = {
        .kind = LADDER_MESSAGE, .frame = event->frame, .time = event->time};

    if (event->kind == TRACE_IKE || event->kind == TRACE_ESP ||
        event->kind == TRACE_AH) {
        row.from = party(ladder, &event->packet.source.address);
        row.to = party(ladder, &event->packet.destination.address);
    }
    switch (event->kind) {
    case TRACE_IKE:
        ike_row(ladder, event, row);
        break;
    case TRACE_ESP:
        esp_row(ladder, event, row);
        break;
    case TRACE_AH:
        add(ladder, row, "AH", "");
        break;
    case TRACE_NOTE:
        if (event->note != NULL)
            note_row(ladder, event, row);
        break;
    case TRACE_CUT:
        row.kind = LADDER_BROKEN;
        add(ladder, row, "cut off", event->reason != NULL ? event->reason : "");
        break;
    case TRACE_OTHER:
        break;
    }
    if (result != NULL)
        finding_rows(ladder, event, result);
}

bool ladder_read(struct ladder *ladder, const struct trace_options *options,
                 const struct result *result, struct error *error)
{
    struct trace_reader *reader = trace_reader_open(options, error);
    struct trace_event event;
    struct error broken = {""};

    if (reader == NULL)
        return false;
    while (trace_next(reader, &event, &broken))
        ladder_event(ladder, &event, result);
    if (broken.text[0] != '\0')
        add(ladder, (struct ladder_row){.kind = LADDER_BROKEN}, "breaks off",
            broken.text);
    if (result != NULL)
        findings_without_frame(ladder, result);
    trace_reader_free(reader);
    return true;
}

bool ladder_read_folder(struct ladder *ladder, const char *folder,
                        const struct result *result, struct error *error)
{
    char capture[4096], events[4096];
    const char *captures = capture;
    struct trace_keys *keys = trace_keys_new();
    struct trace_options options = {.captures = &captures, .keys = keys};
    bool good;

    snprintf(capture, sizeof capture, "%s/trace.pcapng", folder);
    snprintf(events, sizeof events, "%s/events.jsonl", folder);
    options.capture_count = access(capture, F_OK) == 0;
    options.events = access(events, F_OK) == 0 ? events : NULL;
    if (options.capture_count == 0 && options.events == NULL)
        good = error_set(error, "%s: no trace", folder);
    else
        good = trace_keys_load_directory(keys, folder, error) &&
               ladder_read(ladder, &options, result, error);
    trace_keys_free(keys);
    return good;
}
