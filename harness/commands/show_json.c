/* counterfoil show --json: every frame as our decoder sees it, a JSON object a
 * line, for scripts and for comparison with other decoders. */
#include <stdlib.h>

#include "commands/commands.h"

static void set_hex(json_t *row, const char *name, struct bytes octets)
{
    size_t size = 2 * octets.size + 1;
    char *text = memory_take(size);

    bytes_to_hex(octets, text, size);
    json_object_set_new(row, name, json_string(text));
    free(text);
}

static void set_u64_hex(json_t *row, const char *name, uint64_t value)
{
    uint8_t octets[8];
    write_u64(octets, value);
    set_hex(row, name, bytes_of(octets, sizeof octets));
}

static void set_endpoint(json_t *row, const char *name,
                         const struct endpoint *at)
{
    char text[ENDPOINT_TEXT];
    endpoint_to_text(at, text, sizeof text);
    json_object_set_new(row, name, json_string(text));
}

static json_t *payload_json(const struct ike_payload *payload)
{
    json_t *row = json_pack("{si si}", "type", (int)payload->type, "flags",
                            (int)payload->flags);
    struct ike_notify notify;
    struct ike_message_id_sync sync;

    if (payload->type != PAYLOAD_NOTIFY ||
        !ike_notify_decode(payload->body, &notify, NULL)) {
        set_hex(row, "body", payload->body);
        return row;
    }
    json_object_set_new(row, "notify", json_integer(notify.type));
    json_object_set_new(row, "name", json_string(ike_notify_name(notify.type)));
    json_object_set_new(row, "protocol", json_integer(notify.protocol));
    set_hex(row, "spi", notify.spi);
    set_hex(row, "data", notify.data);
    if (notify.type == IKEV2_MESSAGE_ID_SYNC &&
        ike_message_id_sync_decode(notify.data, &sync, NULL)) {
        set_hex(row, "nonce", bytes_of(sync.nonce, sizeof sync.nonce));
        json_object_set_new(row, "expected_send",
                            json_integer(sync.expected_send));
        json_object_set_new(row, "expected_recv",
                            json_integer(sync.expected_recv));
    }
    return row;
}

static void add_ike(json_t *row, const struct trace_ike *ike)
{
    static const char *const statuses[] = {"clear",   "opened",    "no key",
                                           "bad ICV", "malformed", "fragment"};
    json_t *payloads = json_array();

    json_object_set_new(row, "status", json_string(statuses[ike->status]));
    if (ike->header_valid) {
        const struct ike_header *h = &ike->header;
        set_u64_hex(row, "spi_i", h->spi_i);
        set_u64_hex(row, "spi_r", h->spi_r);
        json_object_set_new(row, "next_payload", json_integer(h->next_payload));
        json_object_set_new(row, "version", json_integer(h->version));
        json_object_set_new(row, "exchange", json_integer(h->exchange));
        json_object_set_new(row, "flags", json_integer(h->flags));
        json_object_set_new(row, "message_id", json_integer(h->message_id));
        json_object_set_new(row, "length", json_integer(h->length));
    }
    if (ike->fragments) {
        json_object_set_new(row, "fragment", json_integer(ike->fragment));
        json_object_set_new(row, "fragments", json_integer(ike->fragments));
    }
    if (ike->status == TRACE_IKE_OPENED)
        set_hex(row, "plaintext", ike->plaintext);
    if (ike->status == TRACE_IKE_OPENED || ike->status == TRACE_IKE_CLEAR)
        for (size_t i = 0; i < ike->message.count; i++)
            json_array_append_new(payloads,
                                  payload_json(&ike->message.payloads[i]));
    json_object_set_new(row, "payloads", payloads);
}

static void add_esp(json_t *row, const struct trace_esp *esp)
{
    static const char *const statuses[] = {"opened", "no key", "bad ICV"};

    json_object_set_new(row, "status", json_string(statuses[esp->status]));
    json_object_set_new(row, "spi", json_integer(esp->packet.spi));
    json_object_set_new(row, "sequence", json_integer(esp->packet.sequence));
    if (esp->status != TRACE_ESP_OPENED)
        return;
    json_object_set_new(row, "next_header", json_integer(esp->next_header));
    set_hex(row, "iv", esp->iv);
    set_hex(row, "inner", esp->inner);
}

static json_t *event_json(const struct trace_event *event)
{
    static const char *const kinds[] = {"ike",  "esp", "ah",
                                        "note", "cut", "other"};
    json_t *row =
        json_pack("{ss sI sI}", "kind", kinds[event->kind], "frame",
                  (json_int_t)event->frame, "time", (json_int_t)event->time);

    if (event->kind == TRACE_IKE || event->kind == TRACE_ESP ||
        event->kind == TRACE_AH) {
        set_endpoint(row, "source", &event->packet.source);
        set_endpoint(row, "destination", &event->packet.destination);
    }
    if (event->reason != NULL)
        json_object_set_new(row, "reason", json_string(event->reason));
    if (event->kind == TRACE_IKE)
        add_ike(row, &event->ike);
    else if (event->kind == TRACE_ESP)
        add_esp(row, &event->esp);
    else if (event->kind == TRACE_NOTE)
        json_object_set_new(row, "note", json_deep_copy(event->note));
    return row;
}

bool show_json(const struct trace_options *options, struct error *error)
{
    struct trace_reader *reader = trace_reader_open(options, error);
    struct trace_event event;
    struct error end = {""};

    if (reader == NULL)
        return false;
    while (trace_next(reader, &event, &end)) {
        json_t *row = event_json(&event);
        json_dumpf(row, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(row);
    }
    trace_reader_free(reader);
    if (end.text[0] != '\0')
        return error_set(error, "%s", end.text);
    return true;
}
