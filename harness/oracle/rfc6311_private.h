/*
 * The rules of RFC 6311 (rfc6311*.c), as the tracker calls them.
 */
#ifndef COUNTERFOIL_ORACLE_RFC6311_PRIVATE_H
#define COUNTERFOIL_ORACLE_RFC6311_PRIVATE_H

#include "oracle/oracle_private.h"

/* "payloads" is called once for a message that was
 * opened; a "stimulus" is a message to one under test. */
void rfc6311_payloads(struct seen *seen);
void rfc6311_request(struct seen *seen);
void rfc6311_response(struct seen *seen);
void rfc6311_stimulus(struct seen *seen);
void rfc6311_intruder(struct seen *seen);
void rfc6311_sync_stimulus(struct seen *seen,
                           const struct sync_request *request);
/* `request` has its nonce, or is NULL; seen->take says what was seen of its
 * answer before. */
void rfc6311_sync_response(struct seen *seen, struct sync_request *request,
                           const struct ike_message_id_sync *answer);
/* Message ID 0 without 16422, answering none that is known. */
void rfc6311_odd_response(struct seen *seen);
void rfc6311_member_request(struct seen *seen, struct sync_request *request);
/* The answer that a member under test gets. */
void rfc6311_member_answered(struct seen *seen, struct sync_request *request,
                             const struct ike_message_id_sync *answer);
/* Replay counter synchronization of the side under test: asked for; to be
 * dropped; accepted. */
void rfc6311_counters_asked(struct seen *seen, uint64_t delta);
/* `clause` says why they must not move. */
void rfc6311_counters_stale(struct seen *seen, uint64_t delta,
                            enum clause_id clause);
/* RFC 6311 6.4: 8 octets where the Child SAs use ESN, else 4; with both
 * kinds, or no Child SA, either (A12). */
bool rfc6311_delta_fits(const struct ike_seen *sa, size_t size);
void rfc6311_counters_accepted(struct seen *seen, uint64_t delta,
                               const struct sight *request);
void rfc6311_esp(struct oracle *oracle, const struct trace_event *event,
                 struct esp_stream *stream, const struct sight *sight,
                 uint64_t sequence);
void rfc6311_esp_again(struct oracle *oracle, const struct trace_event *event,
                       struct esp_stream *stream, const struct sight *sight,
                       uint64_t sequence);
void rfc6311_finish(struct oracle *oracle);
/* A member that takes over (rfc6311_takeover.c): its regular requests, its
 * responses, what it is asked, and its counters sent alone. */
void rfc6311_takeover_request(struct seen *seen);
void rfc6311_takeover_response(struct seen *seen);
void rfc6311_takeover_stimulus(struct seen *seen);
void rfc6311_takeover_counters(struct seen *seen);
void rfc6311_takeover_finish(struct oracle *oracle);
/* Why the sender of this message may not have known of `before`, which it has
 * sent under the same Message ID: another member has (RFC 6311 4). NULL if
 * it did. *inferred: no record tells of a failover. */
const char *rfc6311_other_member(const struct seen *seen,
                                 const struct copies *before, bool *inferred);
/* The members of a cluster under test have changed since, or several act at a
 * time: whoever speaks now need not know of what lies before. */
bool rfc6311_changed_since(const struct oracle *oracle,
                           const struct sight *before);
/* The same since a synchronization that a member has asked for: after the only
 * failover on record that was the one that took over, however soon. */
bool rfc6311_succeeded_since(const struct oracle *oracle,
                             const struct sight *sync);
/* ... of Message IDs up to this one, its own (`sent`) or the other side's. */
bool rfc6311_may_not_know_of(const struct oracle *oracle,
                             const struct ike_seen *sa, uint64_t time,
                             const struct sight *before, bool sent,
                             uint32_t id);
/* What the side that is to answer may not know of the state at `request`. */
void rfc6311_forgive(const struct seen *seen, struct sync_request *request);
/* A failover or a recovery is on record: what it explains is dropped. */
void rfc6311_note_change(struct oracle *oracle, uint64_t time);
/* A failover that no record tells of. */
void rfc6311_infer(struct seen *seen);

/* `chooser` receives on that SPI, of a Child SA that is being made
 * (rfc6311_spi.c). */
void rfc6311_spi_chosen(struct seen *seen, enum side chooser, uint32_t spi);
/* The first packet of a stream after a failover, which went beyond `before`
 * by more than any loss (rfc6311_jump.c); and each one later. */
void rfc6311_esp_jump(struct oracle *oracle, const struct trace_event *event,
                      struct esp_stream *stream, const struct sight *sight,
                      uint64_t sequence);
/* Of an IV that comes twice from a cluster under test, without a failover of
 * which the record tells: one member, or several at a time. */
enum clause_id rfc6311_iv_clause(const struct oracle *oracle,
                                 const struct esp_stream *stream);

/* RFC 6027 (rfc6027.c): regular messages of the side under test, and what it
 * is asked. */
void rfc6027_request(struct seen *seen);
void rfc6027_response(struct seen *seen);
void rfc6027_stimulus(struct seen *seen);

#endif
