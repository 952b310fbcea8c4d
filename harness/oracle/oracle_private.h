/*
 * What the files of the oracle share: a message on its way through the rules,
 * the way to a finding (judge.c), tracking (track*.c), and the rules (one file
 * a document). What is known of each SA is in seen_private.h.
 *
 * Two kinds of proof. Most rules hold whatever a capture lost, repeated or
 * swapped, since they rest on one message or on two that cannot both come
 * from a conforming sender. The others (`needs_whole`) rest on a frame that is
 * not there; they convict only if it is known that the capture is whole, and
 * come out inconclusive otherwise.
 */
#ifndef COUNTERFOIL_ORACLE_ORACLE_PRIVATE_H
#define COUNTERFOIL_ORACLE_ORACLE_PRIVATE_H

#include "oracle/seen_private.h"

/* ---- One message on its way through the rules ---- */

struct seen {
    struct oracle *oracle;
    const struct trace_event *event;
    const struct trace_ike *ike;
    struct sight sight;
    bool judged; /* its sender is under test */
    bool response;
    bool authentic; /* its ICV was verified */
    uint64_t digest;
    enum side side;      /* of the sender */
    struct ike_seen *sa; /* NULL before there is one */
    struct party *sender, *receiver;
    struct exchange *exchange; /* of its Message ID, or NULL */
    enum take take;
};

/* ---- Verdicts (judge.c) ---- */

/* `from_start`: what is looked back at was captured from its beginning. */
struct accusation {
    enum clause_id clause;
    bool needs_whole, from_start;
    struct finding finding;
};

struct held_finding {
    struct finding finding;
    enum clause_id clause;
    bool needs_whole, from_start;
};

struct alike; /* findings counted by clause, SA and verdict */

struct judge {
    struct clause_tally tally[CLAUSES];
    struct held_finding *findings;
    size_t count, capacity;
    struct alike *alike;
    struct clause_tally *final; /* those that were judged */
    size_t final_count;
};

/* A finding about the sender of `seen`; its frame is added by submit, after
 * those that the rule adds. */
struct accusation accuse(const struct seen *seen, enum clause_id clause);
/* One that a missing frame could explain away. */
struct accusation accuse_if_whole(const struct seen *seen,
                                  enum clause_id clause);
/* One that rests on `before` having passed before this message: so near to
 * each other that may be the capture's doing. */
struct accusation accuse_in_order(const struct seen *seen,
                                  enum clause_id clause,
                                  const struct sight *before);
void accuse_frame(struct accusation *a, const struct sight *sight);
void say(char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#define EXPECTED(a, ...)                                                       \
    say((a)->finding.expected, sizeof(a)->finding.expected, __VA_ARGS__)
#define SEEN(a, ...)                                                           \
    say((a)->finding.seen, sizeof(a)->finding.seen, __VA_ARGS__)
#define READING(a, ...)                                                        \
    say((a)->finding.reading, sizeof(a)->finding.reading, __VA_ARGS__)
/* Takes a copy. The verdict FAIL is lowered to what the clause's level
 * allows; nothing is kept for a MAY. */
void submit(struct oracle *oracle, const struct seen *seen,
            struct accusation *a);
void submit_plain(struct oracle *oracle, struct accusation *a);
/* Who went on sending to that SPI had not got the answer to its Delete. */
void doubt_closing(struct oracle *oracle, uint32_t spi);
/* Decides what waited for the end. */
void judge_finish(struct oracle *oracle, bool whole);
void judge_free(struct oracle *oracle);
void sa_name(const struct ike_sa_key *key, char *out, size_t size);

/* ---- Expectations (expect.c) ---- */

struct expectations;
struct members;
struct expectations *expectations_new(void);
void expectations_free(struct expectations *e);
void expect_ike(struct oracle *oracle, const struct seen *seen);
void expect_esp(struct oracle *oracle, const struct trace_event *event);
void expect_note(struct oracle *oracle, const json_t *note, uint64_t time);
/* Decides those whose time is over at `time`. */
void expect_until(struct oracle *oracle, uint64_t time);
void expect_finish(struct oracle *oracle, bool complete);
/* A finding about an expectation turned out to be inconclusive. */
void expect_lowered(struct oracle *oracle, const struct finding *finding);
/* How many could not be decided, and why the first of them. */
size_t expect_undecided(const struct oracle *oracle, const char **reason);
bool address_from_note(const json_t *value, struct address *out);

/* ---- The oracle ---- */

struct oracle {
    struct address *under_test;
    size_t under_test_count;
    bool vouched;
    struct oracle_totals totals;
    uint64_t order;
    uint64_t last_frame;
    uint32_t last_file;
    uint64_t time;
    uint64_t frame_time; /* of the last frame */
    bool disordered;     /* frames are shown in another order than they had */
    bool shortened;      /* an ESP packet was not captured whole */

    bool notes; /* the trace has a record of a run */
    bool run, ended, complete, finished;
    bool gateway_is_cluster;
    bool aborted;
    enum verdict abort_verdict;
    char abort_reason[200];
    bool died;
    char died_text[200];
    bool capture_broken;
    uint64_t capture_dropped;
    bool capture_counted;
    uint64_t capture_frames;
    bool harness_failed_over; /* and when */
    struct sight harness_failover;
    uint64_t gateway_epoch; /* failovers of the gateway so far */
    struct sight gateway_failover;
    uint64_t gateway_changes; /* failovers and recoveries */
    struct sight gateway_change;
    struct members *members;    /* of the gateway, on record */
    struct sight children_made; /* the newest CREATE_CHILD_SA */

    struct ike_seen *sas;
    struct esp_stream *streams;
    struct esp_stream *last_streams[LAST_STREAMS]; /* by the SPI's last bits */
    uint32_t esp_places[ESP_PLACES_MAX]; /* that streams came from; a ring */
    uint32_t esp_place_next;
    bool watches_echoes; /* a replay counter sync was seen */
    struct echo_sight echoes[ECHO_REQUESTS_MAX]; /* a ring */
    uint32_t echo_next;
    struct crypto *crypto;   /* once it is needed */
    uint64_t sealed_creates; /* CREATE_CHILD_SA without a key */
    struct rate outside;
    struct stimulus stimuli[STIMULI_MAX];      /* direct-mapped */
    struct initial initials[INITIALS_MAX];     /* likewise */
    struct chosen_spi chosen[CHOSEN_SPIS_MAX]; /* likewise */
    struct child_link *children;
    struct expectations *expectations;
    struct judge judge;
};

/* Whether the addresses under test name it. */
bool is_listed(const struct oracle *oracle, const struct address *address);
static inline bool under_test(const struct oracle *oracle,
                              const struct address *address)
{
    return oracle->under_test_count == 0 || is_listed(oracle, address);
}
/* `clause` was put to the test once more. */
static inline void judged(struct oracle *oracle, enum clause_id clause)
{
    oracle->judge.tally[clause].judged++;
}
/* One line of events.jsonl (notes.c). */
void oracle_note(struct oracle *oracle, const json_t *note, uint64_t time);

/* ---- Tracking (track*.c) ---- */

void track_ike(struct oracle *oracle, const struct trace_event *event);
void track_esp(struct oracle *oracle, const struct trace_event *event);
void track_free(struct oracle *oracle);
/* Before there is an SA: IKE_SA_INIT and its kin. */
void track_initial(struct seen *seen);
/* What an opened message says about the SA; once for each message. */
void track_content(struct seen *seen);

struct ike_seen *sa_find(struct oracle *oracle, const struct ike_sa_key *key);
struct ike_seen *sa_get(struct oracle *oracle, const struct ike_sa_key *key);
void sa_remove(struct oracle *oracle, struct ike_seen *sa);
/* The record of that Message ID in the requests of `party`; NULL if none. */
struct exchange *exchange_find(struct party *party, uint32_t id);
struct exchange *exchange_get(struct party *party, uint32_t id);
bool toward_test(const struct seen *seen);
/* An address and port in short. */
uint32_t place_of(const struct endpoint *at);
enum take copies_take(struct copies *copies, const struct seen *seen);
void copies_free(struct copies *copies);
struct sync_request *sync_newest(struct party *party, size_t n);
/* 0: Message ID sync (16420), 1: replay counter sync (16421). */
enum knowledge negotiated(const struct ike_seen *sa, int which);
/* A request of `party` that a synchronization went beyond: its sender may have
 * given it up without an answer (A14). */
bool abandoned_by_sync(const struct party *party, uint32_t id);
/* Whether a number that falls is still one of the same SA: an SPI is used anew
 * (RFC 4301 4.1), and only keys tell. */
enum certainty { DOUBTFUL, IF_WHOLE, CERTAIN };
enum certainty stream_is_one(const struct oracle *oracle,
                             const struct trace_event *event,
                             const struct esp_stream *stream,
                             uint64_t sequence);
struct esp_stream *stream_find(struct oracle *oracle,
                               const struct address *destination, uint32_t spi);
struct esp_stream *stream_get(struct oracle *oracle,
                              const struct address *destination, uint32_t spi);
struct child_link *child_link_add(struct oracle *oracle,
                                  const struct address *destination,
                                  uint32_t spi, uint16_t encr);
struct child_link *child_link_find(struct oracle *oracle,
                                   const struct address *destination,
                                   uint32_t spi);
/* What is sent to that SPI from now on breaks `clause`. */
void child_link_close(const struct seen *seen,
                      const struct address *destination, uint32_t spi,
                      enum clause_id clause);
/* A pair by the SPI that `side` receives on, the newest; or NULL. */
struct child *child_find(struct ike_seen *sa, enum side side, uint32_t spi);
/* Room for one more. */
struct child *child_add(struct ike_seen *sa);
struct child child_inherited(const struct child *child, enum side requester);
/* The IKE SA was rekeyed by the other side, too: before, to `former`. */
void learn_ike_collision(struct seen *seen, const struct ike_sa_key *former);
/* What the request on its way wants; *about is the SPI of REKEY_SA. */
enum ask ask_of(const struct seen *seen, uint32_t *about);
/* The first error notify of a message, 0 if there is none. */
uint16_t error_of(const struct ike_message *message);
/* Called by track_content: before Child SAs and rekeys are learned from the
 * message, and after. */
void track_ask(struct seen *seen);
/* A Delete that was answered comes again. */
void track_delete_again(struct seen *seen);
void track_outcome(struct seen *seen);
/* Two nonces of 2.8.1; 0 if that cannot be told. */
int low_nonce_compare(const struct low_nonce *a, const struct low_nonce *b);
/* Whether the Child SA of that SPI uses extended sequence numbers. */
void child_link_note_esn(struct oracle *oracle,
                         const struct address *destination, uint32_t spi,
                         bool esn);
void track_sync(struct seen *seen);
bool sync_is_stale(const struct sync_request *request);
/* Its newest unauthenticated request with that Message ID, or NULL. */
const struct intruder *intruder_find(const struct party *party, uint32_t id);
uint64_t content_hash(struct bytes octets);
/* The same for an ESP packet, from the SPI on. */
uint64_t packet_hash(struct bytes esp);

static inline bool carries_sync(const struct seen *seen)
{
    struct ike_notify notify;
    return seen->ike->status == TRACE_IKE_OPENED &&
           ike_message_notify(&seen->ike->message, IKEV2_MESSAGE_ID_SYNC, 0,
                              &notify);
}
/* Where 16420 was not negotiated 16422 means nothing (RFC 7296 3.10.1), and the
 * request that holds it is as any other. One of the side under test is taken
 * for what it was meant to be. */
static inline bool is_sync(const struct seen *seen)
{
    bool ordinary = !seen->response && !seen->judged && seen->sa &&
                    negotiated(seen->sa, 0) == NO;
    return carries_sync(seen) && !ordinary;
}

/* ---- The rules. Each is called before the tracker takes the message in. ----
 */

/* RFC 7296 (rfc7296*.c) */
/* False if the I flag cannot be believed, and so not who sent it. */
bool rfc7296_header(struct seen *seen);
void rfc7296_initial(struct seen *seen);
void rfc7296_clear(struct seen *seen);
void rfc7296_request(struct seen *seen);
void rfc7296_response(struct seen *seen);
void rfc7296_payloads(struct seen *seen);

/* Forms (rfc7296_form.c): of a request to one under test, once it is opened; of
 * what it says. */
void rfc7296_form_stimulus(struct seen *seen);
void rfc7296_form_response(struct seen *seen);
void rfc7296_form_clear(struct seen *seen);
void rfc7296_form_initial(struct seen *seen, const struct ike_seen *half);
void rfc7296_form_length(struct seen *seen);

/* RFC 7383 (rfc7383.c). `half` is what is known of the IKE_SA_INIT request, or
 * NULL. */
void rfc7383_initial(struct seen *seen, const struct ike_seen *half);
/* Any message, once; its exchange is not known yet. */
void rfc7383_message(struct seen *seen);
void rfc7383_request(struct seen *seen);
void rfc7383_response(struct seen *seen);
/* Other octets under the number of a fragment. */
bool rfc7383_resplit(struct seen *seen);
/* Answers to requests that cross own ones (rfc7296_crossing.c). */
void rfc7296_crossing_response(struct seen *seen);
/* Requests after errors and collisions; on an IKE SA that is gone
 * (rfc7296_after.c). */
void rfc7296_after_request(struct seen *seen);
void rfc7296_when_gone(struct seen *seen);
/* Child SAs: whose they are, and their end (rfc7296_child.c). */
void rfc7296_child(struct seen *seen);
void rfc7296_closed_esp(struct oracle *oracle, const struct trace_event *event,
                        const struct esp_stream *stream,
                        const struct sight *sight);
/* What errors lead to (rfc7296_errors.c). */
void rfc7296_errors(struct seen *seen);
void rfc7296_after_syntax(struct seen *seen);
/* What is not sent, though it is owed (rfc7296_silence.c). */
void rfc7296_silence(struct seen *seen);
void silence_count(struct seen *seen, uint32_t tries_before);
/* Without protection, and what it causes (rfc7296_outside.c): what reaches the
 * side under test; what it sends in clear text, under unknown SPIs, on an IKE
 * SA; its requests, and those that are out of its window. */
void outside_stimulus(struct seen *seen);
void outside_clear(struct seen *seen);
void outside_protected(struct seen *seen);
void outside_still_lives(struct seen *seen);
void outside_request(struct seen *seen);
void outside_stray(struct seen *seen);
/* Addresses that change, and what a Child SA keeps (rfc7296_moves.c). */
void moves_learn(struct seen *seen);
void moves_copy(struct seen *seen);
void moves_request(struct seen *seen);
void moves_payloads(struct seen *seen);
/* Whether ESP came from there lately. */
bool esp_came_from(const struct oracle *oracle, uint32_t place);
/* What is offered, and chosen (rfc7296_offers.c); NULL if it is not known. */
struct offer *offer_take(const struct ike_message *message);
void rfc7296_offers(struct seen *seen, const struct offer *offer,
                    const struct sight *asked);
/* IKE_SA_INIT of a responder, SPIs, NATs and ports (rfc7296_initial.c). */
void initial_message(struct seen *seen);
void initial_learn(struct seen *seen, struct ike_seen *sa);
void initials_free(struct oracle *oracle);
void initial_ports(struct seen *seen);
/* True if it was no IKE. */
bool initial_esp_on_500(struct oracle *oracle, const struct trace_event *event);
void initial_first_esp(struct oracle *oracle, const struct trace_event *event,
                       const struct sight *sight);
void initial_spi_chosen(struct seen *seen, uint64_t spi,
                        const struct ike_sa_key *of);

/* RFC 4303, with 4106, 7634 and 5282 (rfc4303.c) */
void rfc4303_ike_iv(struct seen *seen);
/* A frame that is not ours: ESP with SPI 0 is not. */
void rfc4303_other(struct oracle *oracle, const struct trace_event *event);
void rfc4303_spi_chosen(struct seen *seen, uint32_t spi);
void rfc4303_esp(struct oracle *oracle, const struct trace_event *event,
                 struct esp_stream *stream, const struct sight *sight,
                 uint64_t sequence, enum history_result result,
                 uint64_t before);

#include "oracle/rfc6311_private.h"

#endif
