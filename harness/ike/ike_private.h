/* What the files of ike/ share. */
#ifndef COUNTERFOIL_IKE_IKE_PRIVATE_H
#define COUNTERFOIL_IKE_IKE_PRIVATE_H

#include "ike/ike.h"

#include <uthash.h>

enum {
    NONCE_SIZE = 32,
    INIT_RESTARTS_MAX = 5,   /* COOKIE and INVALID_KE_PAYLOAD together */
    HALF_OPEN_MAX = 1 << 17, /* responder's SAs that await IKE_AUTH */
    EXCHANGE_GONE_MAX = 8,
    REASSEMBLIES_MAX = 4,       /* messages in reassembly, per SA */
    REASSEMBLY_FRAGMENTS = 512, /* RFC 7383 5: bounded */
    REASSEMBLY_OCTETS = 65536,
    UNPROTECTED_PER_SECOND = 100, /* error messages outside of an SA (2.21.4) */
};

/* A message as it goes out: one datagram, or its fragments. One allocation. */
struct flight {
    size_t count;
    struct bytes datagrams[];
};

/* ---- A message being composed ---- */

struct draft {
    struct ike_message message;
    struct arena arena;
};

void draft_start(struct draft *draft, const struct ike_sa *sa, uint8_t exchange,
                 bool response, uint32_t message_id);
void draft_free(struct draft *draft);
/* Takes over what `body` holds and leaves it empty. */
void draft_add(struct draft *draft, uint8_t type, struct buffer *body);
void draft_add_octets(struct draft *draft, uint8_t type, struct bytes body);
/* N without protocol and SPI. */
void draft_notify(struct draft *draft, uint16_t type, struct bytes data);
void draft_notify_spi(struct draft *draft, uint16_t type, uint32_t spi);
void draft_id(struct draft *draft, uint8_t type,
              const struct ike_id_payload *id);
void draft_ke(struct draft *draft, uint16_t method, struct bytes data);

/* ---- Exchanges in progress ---- */

enum request_kind {
    REQUEST_INIT,
    REQUEST_AUTH,
    REQUEST_OTHER,  /* liveness, and whatever the embedder asked for */
    REQUEST_WINDOW, /* announces our window on a rekeyed SA */
    REQUEST_NEW_CHILD,
    REQUEST_REKEY_CHILD,
    REQUEST_REKEY_IKE,
    REQUEST_DELETE_CHILD,
    REQUEST_DELETE_IKE,
    REQUEST_AUTH_FAILED, /* our verdict about the peer's IKE_AUTH response */
    REQUEST_SYNC,        /* RFC 6311; outside of every window */
};

struct nonce {
    size_t size;
    uint8_t octets[256];
};

/* Our half of a CREATE_CHILD_SA exchange that we initiated. */
struct exchange {
    uint8_t nonce[NONCE_SIZE];
    struct ke *ke;      /* NULL without PFS */
    uint16_t ke_method; /* the group of `ke`, or the one to try next */
    uint32_t spi_in;    /* the new Child SA's */
    uint64_t ike_spi;   /* or the new IKE SA's */
    /* SPIs that the peer deleted while its response was under way: the one it
     * names there may be among them. */
    uint32_t gone[EXCHANGE_GONE_MAX];
    size_t gone_count;
    /* What the peer made while ours was under way (2.8.1, 2.8.2). */
    bool collided;
    bool settled; /* IKE: the peer uses its new SA, so that one survives */
    uint32_t rival_spi;       /* spi_in of its Child SA */
    uint64_t rival_ike;       /* our SPI of its IKE SA */
    struct nonce rival_nonce; /* the lower one of its two */
};

struct request {
    struct request *next;
    enum request_kind kind;
    bool sent;
    bool superseded;   /* REQUEST_SYNC: the peer's own sync took effect */
    bool retried;      /* INVALID_KE_PAYLOAD was followed already */
    uint16_t retry_ke; /* with this method */
    uint32_t message_id;
    unsigned repeats;
    uint64_t interval, deadline;
    struct ike_header header; /* as it was sent */
    struct flight *flight;
    uint32_t spi; /* spi_in of the Child SA it is about */
    struct exchange *exchange;
    struct draft *draft;             /* REQUEST_OTHER before it is sent */
    struct ike_message_id_sync sync; /* REQUEST_SYNC */
    uint64_t delta;
    size_t delta_size;
};

/* A request that was received: for the cache of responses (2.1), and to know
 * what was received out of order (2.3). */
struct response {
    struct response *next;
    uint32_t message_id;
    struct ike_header header;
    struct flight *flight; /* NULL: known to be received, not cached here */
};

struct reassembly;

/* What is needed until the SA is established, and no longer. */
struct handshake {
    struct buffer request, response; /* of IKE_SA_INIT, as on the wire */
    struct buffer nonce_i, nonce_r;
    struct ke *ke;
    uint16_t ke_method;
    struct buffer cookie;
    unsigned restarts;
    uint32_t child_spi;
    unsigned peer_hashes; /* bits 1 << enum hash_id (RFC 7427) */
    bool peer_childless;  /* RFC 6023 */
    const char *refusal;  /* the last unauthenticated error; constant */
};

struct ike_sa_private {
    struct ike_sa sa;  /* first: the embedder's view and this are one block */
    UT_hash_handle hh; /* by local_spi, in order of creation */
    uint64_t local_spi;
    struct request *requests;   /* sent ones first, in order of sending */
    struct response *responses; /* ascending Message IDs */
    struct reassembly *reassemblies;
    struct handshake *handshake;
    uint64_t rival_of; /* our SPI of the SA that this one may replace (2.8.2) */
    uint64_t linger;   /* when to give up waiting, else TIME_NEVER */
    size_t timer;      /* place in the host's heap, from 1; 0: none */
    uint64_t deadline; /* what it is sorted by */
    bool behind_nat;   /* ours is the side that sits behind one */
    bool send_exhausted, receive_exhausted; /* 2^32 - 1 was used */
    bool auth_done_now; /* responder: the next request may report a failure */
};

struct child_private {
    struct child_sa child; /* first */
    UT_hash_handle hh;     /* by spi_in */
    struct ike_sa_private *sa;
};

/* IKE_SA_INIT requests already seen (2.1): found by the whole packet. */
struct seen_init {
    UT_hash_handle hh;
    uint8_t hash[20];
    uint64_t local_spi;
    uint64_t expires;
};

struct ike_host {
    struct ike_config config;
    struct crypto *crypto;
    struct rng *rng;
    struct ike_host_ops ops;
    void *context;
    struct ike_sa_private *sas;      /* uthash */
    struct child_private *child_sas; /* uthash */
    struct ike_sa_private **timers;  /* binary heap */
    size_t timer_count, timer_capacity;
    struct ike_sa_private *closed; /* hh.next chain: to be released */
    struct seen_init *seen;        /* uthash, the oldest first */
    bool has_cookie_secret;
    uint8_t cookie_secret[32];
    bool counts_ivs;
    uint64_t next_iv;
    uint64_t unprotected_second;
    unsigned unprotected_sent;
    unsigned depth; /* of public calls, nothing is released above 0 */
};

/* ---- A message that came in ---- */

struct received {
    const struct endpoint *from, *to;
    uint64_t now;
    struct bytes octets;        /* the (last) datagram */
    struct ike_message message; /* header; the payloads opened */
    struct buffer plaintext;
    bool fragmented;
    bool malformed; /* authentic, but the payloads do not decode */
    struct error error;
};

/* ---- host.c ---- */

static inline struct ike_sa_private *priv(const struct ike_sa *sa)
{
    return sa->private;
}

void host_enter(struct ike_host *host);
void host_leave(struct ike_host *host);
void host_event(struct ike_host *host, struct ike_sa *sa,
                const struct ike_event *event);
void sa_event(struct ike_sa *sa, enum ike_event_kind kind, const char *reason);
void sa_dropped(struct ike_sa *sa, const struct received *in,
                const char *reason);
void sa_child_event(struct ike_sa *sa, enum ike_event_kind kind,
                    struct child_sa *child);
void sa_follow_peer(struct ike_sa *sa, const struct received *in);
/* compose, then transmit in clear, outside of an SA. */
void host_answer(struct ike_host *host, const struct received *in,
                 struct draft *draft);
/* May another unprotected error go out now? */
bool host_may_answer(struct ike_host *host, uint64_t now);
void host_compose(struct ike_host *host, struct ike_sa *sa,
                  struct draft *draft);
void host_transmit(struct ike_host *host, struct ike_sa *sa,
                   const struct ike_header *header, const struct flight *flight,
                   const struct endpoint *source,
                   const struct endpoint *destination, unsigned repeat);

/* ---- timers.c ---- */

/* Recomputes when `sa` wants to be called; call it after any change. */
void timer_update(struct ike_sa_private *sa);
void timer_remove(struct ike_sa_private *sa);
/* How long a request is repeated before the SA is given up, ns. */
uint64_t retransmission_span(const struct ike_config *config);

/* ---- sa.c ---- */

struct ike_sa *sa_new(struct ike_host *host, uint64_t local_spi,
                      uint64_t remote_spi, bool initiator);
uint64_t sa_choose_spi(struct ike_host *host);
uint64_t sa_remote_spi(const struct ike_sa *sa);
/* The responder's SPI becomes known to the initiator. */
void sa_established(struct ike_sa *sa);
/* Events CHILD_DOWN and CLOSED, leaves the tables; the memory is released
 * when the outermost public call ends. */
void sa_close(struct ike_sa *sa, const char *reason);
void sa_release(struct ike_sa_private *sa);
bool sa_is_open(const struct ike_sa *sa); /* authenticated and not closed */
bool sa_protection(const struct ike_sa *sa, bool outgoing,
                   struct protection *out, struct error *error);

uint32_t child_choose_spi(struct ike_host *host);
/* Copies `child` (keys, selectors owned by it now) into the SA's list. */
struct child_sa *child_install(struct ike_sa *sa, const struct child_sa *child);
struct child_sa *child_find_in(const struct ike_sa *sa, uint32_t spi_in);
struct child_sa *child_find_out(const struct ike_sa *sa, uint32_t spi_out);
/* Event CHILD_DOWN, then it is released. */
void child_remove(struct ike_sa *sa, struct child_sa *child);
void children_move(struct ike_sa *from, struct ike_sa *to);
struct child_ts *child_ts_copy(const struct ike_ts_payload *ts);
void child_ts_expand(const struct child_ts *ts, struct ike_ts_payload *out);

/* ---- message.c ---- */

/* Seals (or encodes, with `clear`) into datagrams; NULL when impossible. */
struct flight *flight_seal(struct ike_sa *sa, const struct ike_message *message,
                           bool clear);
struct flight *flight_of(struct bytes octets);
void flight_free(struct flight *flight);
/* Opens the SK or SKF payload. False: dropped (with in->error), or a fragment
 * of more to come (with an empty error text). */
bool message_open(struct ike_sa *sa, struct received *in);
/* The type of the first unknown critical payload, or 0. */
uint8_t message_critical(const struct ike_message *message);
/* Checks the bodies of all known payloads. */
bool message_check(const struct ike_message *message, struct error *error);

/* ---- reassembly.c ---- */

/* Takes one authentic fragment; true when the message is complete, and then
 * `plaintext` and `first` are set. */
bool reassembly_is_new(const struct ike_sa_private *sa,
                       const struct ike_header *header,
                       const struct ike_skf_payload *fragment);
bool reassembly_add(struct ike_sa_private *sa, const struct received *in,
                    const struct ike_skf_payload *fragment, uint8_t first,
                    struct bytes content, struct buffer *plaintext,
                    uint8_t *whole_first);
uint64_t reassembly_deadline(const struct ike_sa_private *sa);
void reassembly_expire(struct ike_sa_private *sa, uint64_t now);
void reassembly_free_all(struct ike_sa_private *sa);

/* ---- window.c ---- */

enum window_verdict { WINDOW_NEW, WINDOW_DUPLICATE, WINDOW_OUTSIDE };
enum window_verdict window_check(const struct ike_sa *sa, uint32_t message_id);
struct response *response_find(const struct ike_sa *sa, uint32_t message_id);
/* Composes, seals, caches and sends the response to `in`, and moves
 * next_receive. */
void respond(struct ike_sa *sa, const struct received *in, struct draft *draft);
void respond_error(struct ike_sa *sa, const struct received *in, uint16_t type,
                   struct bytes data);
void response_record(struct ike_sa *sa, uint32_t message_id,
                     const struct ike_header *header, struct flight *flight);
void responses_forget(struct ike_sa *sa);
/* The highest request ID received, or false when there is none. */
bool window_highest_received(const struct ike_sa *sa, uint32_t *highest);

struct request *request_new(struct ike_sa *sa, enum request_kind kind);
void request_free(struct request *request);
void request_remove(struct ike_sa *sa, struct request *request);
struct request *request_find(const struct ike_sa *sa, uint32_t message_id);
struct request *request_of_kind(const struct ike_sa *sa,
                                enum request_kind kind);
/* A request (sent or queued) of that kind about that Child SA. */
struct request *request_about(const struct ike_sa *sa, enum request_kind kind,
                              uint32_t spi_in);
/* Seals and sends `draft` for `request`, which gets its deadline. */
bool request_send(struct ike_sa *sa, struct request *request,
                  struct draft *draft, uint64_t now);
void request_repeat(struct ike_sa *sa, struct request *request, uint64_t now);
/* RFC 6311 9: what is outstanding is not waited for any more. Deletions are
 * queued again, to be sent under a new Message ID. */
void requests_abandon(struct ike_sa *sa);
/* Sends what the peer's window allows. */
void pump(struct ike_sa *sa, uint64_t now);

/* ---- init.c, init_responder.c, nat.c ---- */

void init_response(struct ike_sa *sa, struct request *request,
                   struct received *in);
void init_request(struct ike_host *host, struct received *in);
void seen_expire(struct ike_host *host, uint64_t now);
uint64_t seen_deadline(const struct ike_host *host);

void nat_notify(struct ike_host *host, struct draft *draft,
                const struct endpoint *source,
                const struct endpoint *destination);
struct nat_verdict {
    bool detected; /* anywhere on the path */
    bool behind;   /* ours is the side behind it */
};
struct nat_verdict nat_check(struct ike_host *host,
                             const struct ike_message *message,
                             const struct endpoint *from,
                             const struct endpoint *to);
void init_notifies(struct ike_host *host, struct draft *draft,
                   const struct ike_message *request);
void init_read_notifies(struct ike_sa *sa, const struct ike_message *message);

/* ---- auth.c, auth_initiator.c, auth_responder.c ---- */

/* Appends CERT (where the method wants one) and AUTH for ourselves. */
bool auth_prove(struct ike_sa *sa, struct draft *draft, struct bytes id_body,
                struct error *error);
void auth_add_certificate(struct ike_sa *sa, struct draft *draft);
void auth_add_certreq(struct ike_host *host, struct draft *draft);
/* Is the peer who it says it is? `id_type` is PAYLOAD_IDI or PAYLOAD_IDR. */
bool auth_check(struct ike_sa *sa, const struct received *in, uint8_t id_type,
                struct error *error);
void auth_capabilities(struct ike_sa *sa, struct draft *draft,
                       const struct ike_message *request);
void auth_read_capabilities(struct ike_sa *sa,
                            const struct ike_message *message);
bool auth_build(struct ike_sa *sa, struct draft *draft, struct error *error);
void auth_response(struct ike_sa *sa, struct received *in);
void auth_request(struct ike_sa *sa, struct received *in);

/* ---- proposal.c ---- */

/* All suites, one proposal each; `spi` is empty for IKE_SA_INIT. `with_ke`:
 * key exchange transforms too. */
void proposal_offer(const struct suite *suites, size_t count, uint8_t protocol,
                    struct bytes spi, bool with_ke, struct buffer *out);
/* The responder's choice. */
bool proposal_choose(const struct suite *suites, size_t count, uint8_t protocol,
                     const struct ike_sa_payload *offer, bool with_ke,
                     struct suite *chosen, struct ike_proposal *answer);
/* The initiator's check of what the responder chose. */
bool proposal_accept(const struct suite *suites, size_t count, uint8_t protocol,
                     const struct ike_sa_payload *answer, bool with_ke,
                     struct suite *chosen, struct error *error);
void proposal_answer(struct draft *draft, const struct ike_proposal *answer,
                     struct bytes spi);

/* ---- selectors.c ---- */

/* What both want; false when that is nothing. */
bool selectors_narrow(const struct ike_ts_payload *policy,
                      const struct ike_ts_payload *offered,
                      struct ike_ts_payload *out);
/* Is every selector of `inner` within one of `outer`? */
bool selectors_within(const struct ike_ts_payload *inner,
                      const struct ike_ts_payload *outer);
/* Ours from the config; when that has none, the host `at`. */
void selectors_policy(const struct ike_ts_payload *config,
                      const struct endpoint *at, struct ike_ts_payload *out);
/* RFC 7296 2.23.1: in transport mode behind a NAT the address is the one that
 * the IKE messages have. Only where each selector names one address. */
void selectors_substitute(struct ike_ts_payload *ts,
                          const struct address *address);
void selectors_add(struct draft *draft, uint8_t type,
                   const struct ike_ts_payload *ts);

/* ---- child.c, child_responder.c ---- */

struct child_offer { /* read from a request or a response */
    struct ike_sa_payload sa;
    struct ike_ts_payload ts_i, ts_r;
    bool transport;
};
bool child_offer_read(const struct ike_message *message,
                      struct child_offer *out, struct error *error);
/* What a Child SA is made from, beside the message. */
struct child_terms {
    const struct child_sa *old; /* the one that it replaces, or NULL */
    bool fresh; /* CREATE_CHILD_SA: nonces and perhaps KE of its own */
    struct bytes nonce_i, nonce_r;
    struct bytes secret; /* initiator: of the KE payloads; empty: no PFS */
};
/* SA, TSi, TSr and what belongs to them, as initiator. In CREATE_CHILD_SA
 * nonce and KE come from `exchange`, else it is NULL. */
void child_offer_add(struct ike_sa *sa, struct draft *draft, uint32_t spi_in,
                     const struct child_sa *old,
                     const struct exchange *exchange);
/* The initiator's half of creating a Child SA from the response. NULL with
 * `error`; the responder is told to delete what it may have made. */
struct child_sa *child_complete(struct ike_sa *sa,
                                const struct ike_message *message,
                                uint32_t spi_in,
                                const struct child_terms *terms,
                                struct error *error);
/* The responder's half: adds the answer to `draft`. Returns the notify type
 * of the failure (and its data), or 0 and the new Child SA. */
uint16_t child_answer(struct ike_sa *sa, const struct received *in,
                      struct draft *draft, const struct child_terms *terms,
                      struct child_sa **out, struct buffer *data);
bool child_build(struct ike_sa *sa, struct request *request,
                 struct draft *draft, struct error *error);
void child_response(struct ike_sa *sa, struct request *request,
                    struct received *in);
void child_request(struct ike_sa *sa, struct received *in);
/* Draws nonce and, unless KE_NONE, a private value. NULL with `error`. */
struct exchange *exchange_new(struct ike_host *host, uint16_t ke_method,
                              struct error *error);
/* Does the response hold an error notify? Its type, else 0. */
uint16_t message_refusal(const struct ike_message *message,
                         struct ike_notify *out);
/* INVALID_KE_PAYLOAD: the method to try next, or KE_NONE. */
uint16_t refusal_ke(const struct ike_notify *notify, const struct suite *suites,
                    size_t count);
/* The KE payload of `message`, completed with ours. False with `error`. */
bool exchange_secret(const struct exchange *exchange,
                     const struct ike_message *message, uint16_t method,
                     struct buffer *secret, struct error *error);
void exchange_free(struct exchange *exchange);
void nonce_lower(struct nonce *lower, struct bytes a, struct bytes b);
int nonce_compare(struct bytes a, struct bytes b);
/* Queues the DELETE of a Child SA. */
void child_delete_later(struct ike_sa *sa, uint32_t spi_in);

/* ---- rekey.c ---- */

bool rekey_build(struct ike_sa *sa, struct request *request,
                 struct draft *draft, struct error *error);
void rekey_response(struct ike_sa *sa, struct request *request,
                    struct received *in);
void rekey_request(struct ike_sa *sa, struct received *in);
/* A request on an SA whose collision is open shows that it survives. */
void rekey_peer_uses(struct ike_sa *sa, const struct received *in);
/* The peer's rekeying survives ours, which will not be answered. */
void rekey_abandon(struct ike_sa *sa, struct request *request);

/* ---- informational.c ---- */

void delete_child_build(struct ike_sa *sa, struct request *request,
                        struct draft *draft);
bool deletes_ike(const struct ike_message *message);
void informational_request(struct ike_sa *sa, struct received *in);
void informational_response(struct ike_sa *sa, struct request *request,
                            struct received *in);

/* ---- sync.c ---- */

bool sync_is_request(const struct ike_sa *sa, const struct received *in);
void sync_request(struct ike_sa *sa, struct received *in);
bool sync_is_response(const struct ike_sa *sa, const struct received *in);
void sync_response(struct ike_sa *sa, struct received *in);
/* The 16423 notify of a regular request: an event for the embedder. */
void sync_replay_counters(struct ike_sa *sa, const struct received *in);
/* The lowest request ID that a pending sync of ours has declared. */
uint32_t sync_lowest_request(const struct ike_sa *sa);

#endif
