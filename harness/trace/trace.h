/*
 * Captures, keys and injected events, read as one list in the order of time;
 * and written, as a run goes on.
 *
 * Reading streams: memory does not grow with the capture. What an event holds
 * is borrowed until the next call.
 */
#ifndef COUNTERFOIL_TRACE_TRACE_H
#define COUNTERFOIL_TRACE_TRACE_H

#include <jansson.h>

#include "crypto/crypto.h"
#include "wire/esp.h"
#include "wire/ike.h"
#include "wire/link.h"

/* ---- Keys: Wireshark's ikev2_decryption_table and esp_sa ---- */

struct trace_keys;
struct trace_keys *trace_keys_new(void);
void trace_keys_free(struct trace_keys *keys);
/* Adds one IKE SA; the same SPIs twice keep the newer row. */
void trace_keys_add_ike(struct trace_keys *keys, uint64_t spi_i, uint64_t spi_r,
                        const struct suite *suite, const struct ike_keys *ike);
/* Adds one direction of a Child SA. */
void trace_keys_add_esp(struct trace_keys *keys, const struct address *source,
                        const struct address *destination, uint32_t spi,
                        const struct suite *suite, const struct key *encr,
                        const struct key *integ);
/* Reads one table file, its kind found from its content; an unreadable row is
 * an error with file and line, an algorithm we cannot use is counted. */
bool trace_keys_load(struct trace_keys *keys, const char *path,
                     struct error *error);
/* Both tables in `directory`, where they exist. */
bool trace_keys_load_directory(struct trace_keys *keys, const char *directory,
                               struct error *error);
/* Writes both tables into `directory`, each whole or not at all. Tables open in
 * Wireshark as they are. */
bool trace_keys_write(const struct trace_keys *keys, const char *directory,
                      struct error *error);
size_t trace_keys_ike_count(const struct trace_keys *keys);
size_t trace_keys_esp_count(const struct trace_keys *keys);
size_t trace_keys_unusable(const struct trace_keys *keys);

/* ---- Writing ---- */

struct trace_writer;
enum { LINKTYPE_ETHERNET = 1, LINKTYPE_RAW = 101 };
/* A pcapng file with one interface, nanosecond time stamps. */
struct trace_writer *trace_writer_open(const char *path, uint32_t linktype,
                                       struct error *error);
/* One Enhanced Packet Block, with a comment if not NULL. `original_size` is
 * the size on the wire (equal to frame.size unless cut). Flushed, so that a
 * killed run leaves what it saw. False on a full disk. */
bool trace_writer_frame(struct trace_writer *writer, uint64_t time,
                        struct bytes frame, size_t original_size,
                        const char *comment, struct error *error);
bool trace_writer_close(struct trace_writer *writer, struct error *error);

/* events.jsonl: one JSON object a line, in the order of time. */
struct trace_events;
struct trace_events *trace_events_open(const char *path, struct error *error);
/* Takes `object` over, on failure too. It must be an object with an integer
 * member "time", ns since the epoch. One line, flushed. */
bool trace_events_add(struct trace_events *events, json_t *object,
                      struct error *error);
/* NULL is allowed, as for trace_writer_close. */
bool trace_events_close(struct trace_events *events, struct error *error);

/* ---- Reading ---- */

enum trace_kind {
    TRACE_IKE,
    TRACE_ESP,
    TRACE_AH,
    TRACE_NOTE,  /* an injected event: a line of events.jsonl */
    TRACE_CUT,   /* a frame that could not be read whole: `reason` */
    TRACE_OTHER, /* a frame that is not ours */
};

enum trace_ike_status {
    TRACE_IKE_CLEAR,  /* carries no SK or SKF payload */
    TRACE_IKE_OPENED, /* ICV verified; `message` holds the inner payloads,
                         clear ones before the SK payload included first */
    TRACE_IKE_NO_KEY,
    TRACE_IKE_BAD_ICV,   /* we hold keys for the SPIs, and they do not fit */
    TRACE_IKE_MALFORMED, /* does not decode, outside or inside: `reason` */
    TRACE_IKE_FRAGMENT,  /* an authentic SKF that does not complete a message */
};

struct trace_ike {
    enum trace_ike_status status;
    struct ike_header header; /* valid unless MALFORMED before its end */
    bool header_valid;
    struct ike_message message;   /* header and payloads; empty chain unless
                                     CLEAR or OPENED */
    struct bytes octets;          /* the message as on the wire */
    struct bytes plaintext;       /* of OPENED: the inner chain */
    struct bytes iv;              /* of OPENED and FRAGMENT: the explicit IV */
    bool counter_mode;            /* iv belongs to a counter-mode cipher */
    uint16_t fragment, fragments; /* of SKF: number and total, else 0 */
    uint8_t digest[16];           /* first half of SHA-256 of `octets` */
};

enum trace_esp_status {
    TRACE_ESP_OPENED,
    TRACE_ESP_NO_KEY,
    TRACE_ESP_BAD_ICV,
};

struct trace_esp {
    enum trace_esp_status status;
    struct esp_packet packet;
    struct bytes octets; /* from the SPI on */
    struct bytes iv;     /* with a key only */
    bool counter_mode;
    bool esn;
    uint32_t key_row;    /* of OPENED: which keys, from 1; else 0 */
    uint64_t sequence;   /* with ESN and a key the inferred 64 bits */
    uint8_t next_header; /* of OPENED */
    struct bytes inner;  /* of OPENED */
};

struct trace_ah {
    uint32_t spi, sequence;
    uint8_t next_header;
    struct bytes rest; /* ICV, and what is protected */
};

/* A frame gives one event; one that ends several records of a TCP stream
 * (RFC 9329) gives one for each, with the same number and time. */
struct trace_event {
    enum trace_kind kind;
    uint64_t frame;       /* as Wireshark numbers them, from 1; of a NOTE 0 */
    uint32_t file;        /* which of the captures, from 0 */
    uint64_t time;        /* ns since the epoch */
    struct packet packet; /* unless NOTE */
    const char *reason;   /* CUT, MALFORMED, BAD_ICV: what is wrong, one line;
                             else why it is not opened or not ours, or NULL */
    struct bytes comment; /* the frame's own, of pcapng; usually empty */
    struct trace_ike ike; /* of IKE only; of other kinds not even set */
    struct trace_esp esp; /* of ESP only */
    struct trace_ah ah;   /* of AH only */
    const json_t *note;   /* of NOTE only; borrowed */
};
/* What an ESP packet that was opened holds, in tunnel and in transport mode. */
bool trace_esp_inner(const struct trace_event *event, struct inner_packet *out);

/* A capture that is being made, from now on. */
struct trace_live {
    const char *interface; /* of our own network namespace */
    uint64_t until;        /* ns since the epoch; 0: no end */
    int stop;              /* the trace ends once this descriptor can be read;
                              -1: there is none */
};

/* Several captures are one trace, merged by time, at equal times in the order
 * in which they are named. A packet that stands in more than one of them is
 * given once; its copies are OTHER, with that reason.
 *
 * Without `events`, packet comments may say what a failover was. One line
 *     counterfoil: fail_over gateway|harness [KIND]
 * is given as a NOTE before its frame. */
struct trace_options {
    const char *const *captures; /* paths; "-" is standard input */
    size_t capture_count;
    const char *events;            /* path of events.jsonl or NULL */
    const struct trace_keys *keys; /* or NULL */
    struct packet_ports ports;     /* besides 500 and 4500; borrowed */
    const struct trace_live *live; /* instead of captures, or NULL */
};

/* What a reader could not give as a message. */
struct trace_counts {
    uint64_t copies;         /* packets that another capture gave already */
    uint64_t ip_incomplete;  /* IP packets of which fragments are missing, or
                                contradict each other */
    uint64_t ike_incomplete; /* IKE messages likewise (RFC 7383) */
    uint64_t tcp_gaps;       /* places in TCP streams with octets missing */
    uint64_t tcp_given_up;   /* TCP streams in which nothing of ours is */
    uint64_t dropped;        /* live: frames lost for want of buffers */
    uint64_t ike_derived;    /* IKE SAs whose keys came from a secret */
    uint64_t esp_derived;    /* directions of Child SAs likewise */
};

struct trace_reader;
struct trace_reader *trace_reader_open(const struct trace_options *options,
                                       struct error *error);
/* True and an event; false at the end (error text empty) or where a capture or
 * the events file stops making sense (error says file, place and numbers;
 * everything before it was given). */
bool trace_next(struct trace_reader *reader, struct trace_event *event,
                struct error *error);
/* So far; final after the end. */
void trace_reader_counts(const struct trace_reader *reader,
                         struct trace_counts *out);
void trace_reader_free(struct trace_reader *reader);

#endif
