/* What is behind a reader, shared by the files that fill an event. */
#ifndef COUNTERFOIL_TRACE_TRACE_PRIVATE_H
#define COUNTERFOIL_TRACE_TRACE_PRIVATE_H

#include "trace/capture_private.h"
#include "trace/keys_private.h"
#include "trace/notes_private.h"
#include "trace/tcp_private.h"
#include "trace/trace.h"

/* ---- IP fragments (RFC 791 3.2, RFC 8200 4.5) ---- */

enum { IP_REASSEMBLIES_MAX = 32 };

struct ip_reassembly;
struct ip_fragments {
    struct ip_reassembly *entries[IP_REASSEMBLIES_MAX];
    struct buffer whole; /* the packet last made whole */
    uint64_t begun, ended;
};
/* Takes a fragment, `packet` being its decoded self and `ip` the packet from
 * its IP header on. True when it completes a packet, which then is `*whole`,
 * valid until the next call. */
bool ip_fragments_add(struct ip_fragments *fragments, uint32_t file,
                      uint64_t time, struct bytes ip,
                      const struct packet *packet, struct bytes *whole);
void ip_fragments_free(struct ip_fragments *fragments);

/* ---- IKE fragments (RFC 7383 2.6) ---- */

enum { IKE_REASSEMBLIES_MAX = 64, IKE_FRAGMENTS_MAX = 2048 };
enum { IKE_REASSEMBLY_MAX = 256 << 10 }; /* octets of one message */

struct ike_reassembly;
struct ike_fragments {
    struct ike_reassembly *entries[IKE_REASSEMBLIES_MAX];
    uint64_t clock;
    uint64_t begun, ended;
};

struct ike_fragment {
    uint32_t file;
    const struct ike_header *header;
    uint16_t number, total;
    struct bytes octets; /* the message as on the wire */
    struct bytes chunk;  /* what it carries, authentic */
};
/* True when the message is complete: `chain` gets the inner payloads, `first`
 * the octets of the first fragment (both emptied before). `*refused` is set
 * when the fragment was beyond the limits. */
bool ike_fragments_add(struct ike_fragments *fragments,
                       const struct ike_fragment *fragment,
                       struct buffer *chain, struct buffer *first,
                       bool *refused);
void ike_fragments_free(struct ike_fragments *fragments);

/* ---- Packets that stand in several captures ---- */

struct copy_entry;
struct packet_copies {
    struct copy_entry *entries; /* NULL: there is one capture only */
    uint64_t clock, found;
};
void packet_copies_start(struct packet_copies *copies);
/* Whether another capture has given this packet: its n-th copy in `file` is
 * one when `n` of them were given. */
bool packet_copies_add(struct packet_copies *copies, uint32_t file,
                       const struct packet *packet);
void packet_copies_free(struct packet_copies *copies);

/* ---- The reader ---- */

/* What has been learnt of one row of ESP keys. */
struct esp_state {
    bool opened;
    bool esn;
    uint64_t last, top;         /* sequence numbers, authentic */
    struct address destination; /* of the packet last opened */
};

struct esp_states {
    struct esp_state *of; /* by the row's index */
    size_t count;
};

struct derivation;

struct source {
    struct capture *capture;
    struct frame frame;
    enum capture_result state;
    bool pending;  /* `frame` was not given yet, or `state` is final */
    bool noted;    /* the notes in its comment were given */
    uint64_t time; /* of the frame; when broken, of the last good one */
};

struct trace_reader {
    struct source *sources;
    size_t source_count;
    struct notes notes;
    enum capture_result note_state;
    bool note_pending;
    json_t *note; /* the next one or the one given last */
    uint64_t note_time;
    json_t *comment_notes; /* an array, of the frame that comes next */
    size_t comment_notes_given;
    uint64_t comment_time;
    struct error broken; /* of the first source that broke */

    const struct trace_keys *keys;
    struct trace_keys *derived; /* from its secrets; NULL: none yet */
    struct derivation *derivation;
    struct crypto *crypto;
    struct packet_ports ports;
    struct packet_copies copies;
    struct tcp_streams tcp;
    bool tcp_more;               /* the frame last given may hold more */
    struct trace_event tcp_base; /* what its events have in common */
    struct ip_fragments ip_fragments;
    struct ike_fragments ike_fragments;
    struct esp_states esp_states, derived_states;

    /* What the event last given borrows. */
    struct buffer plaintext;
    struct buffer first_fragment;
    struct error reason;
    struct ike_message inner;
};

/* Learns keys from a message, where secrets are given. */
void derive_from(struct trace_reader *reader, const struct trace_event *event);
/* Whether derived keys have opened a message of that SA: until then the secret
 * may be wrong. */
bool derivation_proven(const struct derivation *derivation,
                       const struct ike_header *header);
void derivation_counts(const struct derivation *derivation,
                       struct trace_counts *out);
void derivation_free(struct derivation *derivation);

/* Fill the event of a frame; `event->packet` is decoded. */
void open_ike(struct trace_reader *reader, struct trace_event *event);
void open_esp(struct trace_reader *reader, struct trace_event *event);
/* Fills all but frame, file, time and comment of the event. */
void classify_frame(struct trace_reader *reader, const struct frame *frame,
                    struct trace_event *event);
/* The next record of the frame given last; false when there is none. */
bool classify_more(struct trace_reader *reader, struct trace_event *event);

#endif
