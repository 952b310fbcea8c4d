/*
 * IKEv2 messages (RFC 7296 section 3), decoded and encoded without keys.
 *
 * A message is a header and a list of payloads; a payload is its type, its
 * flags octet and its body, so whatever arrives can be kept and sent again
 * octet for octet. The body of a known payload is read with the ike_*_decode
 * of its kind and made with the ike_*_encode; decode validates every length
 * and count, and a rejection says both numbers.
 */
#ifndef COUNTERFOIL_WIRE_IKE_H
#define COUNTERFOIL_WIRE_IKE_H

#include "wire/bytes.h"
#include "wire/packet.h"

enum { IKE_HEADER_SIZE = 28, IKE_PAYLOAD_HEADER_SIZE = 4 };
enum { IKE_VERSION_2 = 0x20 };

enum ike_exchange { /* RFC 7296 3.1 and the registry */
                    IKE_SA_INIT = 34,
                    IKE_AUTH = 35,
                    CREATE_CHILD_SA = 36,
                    INFORMATIONAL = 37,
                    IKE_SESSION_RESUME = 38,
                    IKE_INTERMEDIATE = 43,
                    IKE_FOLLOWUP_KE = 44,
};

enum ike_flag {
    IKE_FLAG_INITIATOR = 0x08, /* sender is the original initiator */
    IKE_FLAG_VERSION = 0x10,
    IKE_FLAG_RESPONSE = 0x20,
};

enum ike_payload_type {
    PAYLOAD_NONE = 0,
    PAYLOAD_SA = 33,
    PAYLOAD_KE = 34,
    PAYLOAD_IDI = 35,
    PAYLOAD_IDR = 36,
    PAYLOAD_CERT = 37,
    PAYLOAD_CERTREQ = 38,
    PAYLOAD_AUTH = 39,
    PAYLOAD_NONCE = 40,
    PAYLOAD_NOTIFY = 41,
    PAYLOAD_DELETE = 42,
    PAYLOAD_VENDOR = 43,
    PAYLOAD_TSI = 44,
    PAYLOAD_TSR = 45,
    PAYLOAD_SK = 46,
    PAYLOAD_CP = 47,
    PAYLOAD_EAP = 48,
    PAYLOAD_SKF = 53,
};

enum ike_protocol {
    PROTOCOL_NONE = 0,
    PROTOCOL_IKE = 1,
    PROTOCOL_AH = 2,
    PROTOCOL_ESP = 3
};

/* Notify Message Types that the harness acts on or names; the registry's
 * names, see ike_notify_name for all. Below 16384 they are errors. */
enum ike_notify_type {
    UNSUPPORTED_CRITICAL_PAYLOAD = 1,
    INVALID_IKE_SPI = 4,
    INVALID_MAJOR_VERSION = 5,
    INVALID_SYNTAX = 7,
    INVALID_MESSAGE_ID = 9,
    INVALID_SPI = 11,
    NO_PROPOSAL_CHOSEN = 14,
    INVALID_KE_PAYLOAD = 17,
    AUTHENTICATION_FAILED = 24,
    SINGLE_PAIR_REQUIRED = 34,
    NO_ADDITIONAL_SAS = 35,
    INTERNAL_ADDRESS_FAILURE = 36,
    FAILED_CP_REQUIRED = 37,
    TS_UNACCEPTABLE = 38,
    INVALID_SELECTORS = 39,
    UNACCEPTABLE_ADDRESSES = 40,
    UNEXPECTED_NAT_DETECTED = 41,
    TEMPORARY_FAILURE = 43,
    CHILD_SA_NOT_FOUND = 44,
    STATE_NOT_FOUND = 47,
    INITIAL_CONTACT = 16384,
    SET_WINDOW_SIZE = 16385,
    ADDITIONAL_TS_POSSIBLE = 16386,
    IPCOMP_SUPPORTED = 16387,
    NAT_DETECTION_SOURCE_IP = 16388,
    NAT_DETECTION_DESTINATION_IP = 16389,
    COOKIE = 16390,
    USE_TRANSPORT_MODE = 16391,
    HTTP_CERT_LOOKUP_SUPPORTED = 16392,
    REKEY_SA = 16393,
    ESP_TFC_PADDING_NOT_SUPPORTED = 16394,
    NON_FIRST_FRAGMENTS_ALSO = 16395,
    MOBIKE_SUPPORTED = 16396,
    ADDITIONAL_IP4_ADDRESS = 16397,
    ADDITIONAL_IP6_ADDRESS = 16398,
    NO_ADDITIONAL_ADDRESSES = 16399,
    UPDATE_SA_ADDRESSES = 16400,
    COOKIE2 = 16401,
    NO_NATS_ALLOWED = 16402,
    AUTH_LIFETIME = 16403,
    MULTIPLE_AUTH_SUPPORTED = 16404,
    REDIRECT_SUPPORTED = 16406,
    REDIRECT = 16407,
    REDIRECTED_FROM = 16408,
    TICKET_LT_OPAQUE = 16409,
    TICKET_REQUEST = 16410,
    TICKET_ACK = 16411,
    TICKET_NACK = 16412,
    TICKET_OPAQUE = 16413,
    CHILDLESS_IKEV2_SUPPORTED = 16418,
    QCD_TOKEN = 16419,
    IKEV2_MESSAGE_ID_SYNC_SUPPORTED = 16420,     /* RFC 6311 6.1 */
    IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED = 16421, /* RFC 6311 6.2 */
    IKEV2_MESSAGE_ID_SYNC = 16422,               /* RFC 6311 6.3 */
    IPSEC_REPLAY_COUNTER_SYNC = 16423,           /* RFC 6311 6.4 */
    IKEV2_FRAGMENTATION_SUPPORTED = 16430,
    SIGNATURE_HASH_ALGORITHMS = 16431,
    CLONE_IKE_SA_SUPPORTED = 16432,
    CLONE_IKE_SA = 16433,
};

struct ike_header {
    uint64_t spi_i;
    uint64_t spi_r;
    uint8_t next_payload;
    uint8_t version;
    uint8_t exchange;
    uint8_t flags;
    uint32_t message_id;
    uint32_t length; /* of the whole message */
};

/* `next` and `length` are -1 for "as it follows from the list"; any other
 * value is encoded as it stands (a test's deliberate mistake). A decoded SK or
 * SKF payload keeps the type of its first inner payload in `next`, since no
 * payload follows it on this level. `body` excludes the generic header. */
struct ike_payload {
    uint8_t type;
    uint8_t flags; /* 0x80 is the critical bit, the rest is reserved */
    int next;
    int length;
    struct bytes body;
};

enum { IKE_PAYLOAD_CRITICAL = 0x80 };
enum { IKE_PAYLOADS_MAX = 96 }; /* more are rejected as a malformed message */

/* Bodies are borrowed: from the decoded octets, or from an arena. */
struct ike_message {
    struct ike_header header;
    size_t count;
    struct ike_payload payloads[IKE_PAYLOADS_MAX];
};

bool ike_header_decode(struct bytes octets, struct ike_header *out,
                       struct error *error);
void ike_header_encode(const struct ike_header *header,
                       uint8_t out[static IKE_HEADER_SIZE]);

/* Decodes header and payload chain of a whole message. The Length field must
 * equal octets.size. The chain ends at an SK or SKF payload, which must be the
 * last one. */
bool ike_message_decode(struct bytes octets, struct ike_message *out,
                        struct error *error);
/* Decodes a bare payload chain (what an SK payload holds) into
 * out->payloads; the header is left alone. */
bool ike_payloads_decode(uint8_t first, struct bytes octets,
                         struct ike_message *out, struct error *error);
/* Appends the chain of payloads. */
void ike_payloads_encode(const struct ike_message *message, struct buffer *out);
/* Appends header and chain; next_payload and length of the header are
 * computed. */
void ike_message_encode(const struct ike_message *message, struct buffer *out);

/* Adds a payload at the end; false when the message is full. */
bool ike_message_add(struct ike_message *message, uint8_t type,
                     struct bytes body);
/* The first payload of that type, or NULL. */
const struct ike_payload *ike_message_find(const struct ike_message *message,
                                           uint8_t type);

const char *ike_exchange_name(uint8_t exchange); /* never NULL */
const char *ike_payload_name(uint8_t type);      /* short: "SA", "N", ... */
const char *ike_notify_name(uint16_t type);      /* "NOTIFY" if unknown */
/* The number for a registry name, 0 if there is none. */
uint16_t ike_notify_number(const char *name);

/* ---- Security Association payload (3.3) ---- */

enum ike_transform_type {
    TRANSFORM_ENCR = 1,
    TRANSFORM_PRF = 2,
    TRANSFORM_INTEG = 3,
    TRANSFORM_KE = 4,
    TRANSFORM_ESN = 5
};

struct ike_transform {
    uint8_t type;
    uint16_t id;
    uint16_t key_length;   /* bits; 0 when the attribute is absent */
    bool other_attributes; /* attributes that we do not know were present */
};

/* As many transforms as Num Transforms can count. */
enum { IKE_TRANSFORMS_MAX = 255, IKE_PROPOSALS_MAX = 16 };

struct ike_proposal {
    uint8_t number;
    uint8_t protocol;
    struct bytes spi; /* 0, 4 or 8 octets */
    size_t count;
    struct ike_transform transforms[IKE_TRANSFORMS_MAX];
};

struct ike_sa_payload {
    size_t count;
    struct ike_proposal proposals[IKE_PROPOSALS_MAX];
};

bool ike_sa_decode(struct bytes body, struct ike_sa_payload *out,
                   struct error *error);
void ike_sa_encode(const struct ike_sa_payload *sa, struct buffer *out);

/* ---- Key Exchange (3.4) ---- */

struct ike_ke_payload {
    uint16_t method; /* Transform Type 4 id */
    struct bytes data;
};
bool ike_ke_decode(struct bytes body, struct ike_ke_payload *out,
                   struct error *error);
void ike_ke_encode(const struct ike_ke_payload *ke, struct buffer *out);

/* ---- Identification (3.5) ---- */

enum ike_id_type {
    ID_IPV4_ADDR = 1,
    ID_FQDN = 2,
    ID_RFC822_ADDR = 3,
    ID_IPV6_ADDR = 5,
    ID_DER_ASN1_DN = 9,
    ID_DER_ASN1_GN = 10,
    ID_KEY_ID = 11,
    ID_NULL = 13
};
struct ike_id_payload {
    uint8_t type;
    struct bytes data;
};
bool ike_id_decode(struct bytes body, struct ike_id_payload *out,
                   struct error *error);
void ike_id_encode(const struct ike_id_payload *id, struct buffer *out);

/* ---- Certificate, Certificate Request (3.6, 3.7) ---- */

enum { CERT_X509_SIGNATURE = 4 };
struct ike_cert_payload {
    uint8_t encoding;
    struct bytes data;
};
bool ike_cert_decode(struct bytes body, struct ike_cert_payload *out,
                     struct error *error);
void ike_cert_encode(const struct ike_cert_payload *cert, struct buffer *out);

/* ---- Authentication (3.8) ---- */

enum ike_auth_method {
    AUTH_RSA = 1,
    AUTH_PSK = 2,
    AUTH_ECDSA_256 = 9,
    AUTH_ECDSA_384 = 10,
    AUTH_ECDSA_521 = 11,
    AUTH_NULL = 13,
    AUTH_SIGNATURE = 14
};
struct ike_auth_payload {
    uint8_t method;
    struct bytes data;
};
bool ike_auth_decode(struct bytes body, struct ike_auth_payload *out,
                     struct error *error);
void ike_auth_encode(const struct ike_auth_payload *auth, struct buffer *out);

/* ---- Nonce (3.9): 16 to 256 octets ---- */
bool ike_nonce_decode(struct bytes body, struct bytes *out,
                      struct error *error);

/* ---- Notify (3.10) ---- */

struct ike_notify {
    uint8_t protocol;
    uint16_t type;
    struct bytes spi;
    struct bytes data;
};
bool ike_notify_decode(struct bytes body, struct ike_notify *out,
                       struct error *error);
void ike_notify_encode(const struct ike_notify *notify, struct buffer *out);
/* The `nth` (from 0) Notify payload of `type`, decoded; false if there is
 * none or it does not decode. */
bool ike_message_notify(const struct ike_message *message, uint16_t type,
                        size_t nth, struct ike_notify *out);

/* IKEV2_MESSAGE_ID_SYNC (RFC 6311 6.3). In a request expected_send is M1 and
 * expected_recv is P1; in a response expected_send is P2, expected_recv M2. */
struct ike_message_id_sync {
    uint8_t nonce[4];
    uint32_t expected_send;
    uint32_t expected_recv;
};
enum { IKE_MESSAGE_ID_SYNC_SIZE = 12 };
/* Reads the notification data; exactly 12 octets. */
bool ike_message_id_sync_decode(struct bytes data,
                                struct ike_message_id_sync *out,
                                struct error *error);
void ike_message_id_sync_encode(const struct ike_message_id_sync *sync,
                                struct buffer *out);

/* ---- Delete (3.11) ---- */

struct ike_delete_payload {
    uint8_t protocol;
    uint8_t spi_size;
    uint16_t count;
    struct bytes spis; /* count * spi_size octets */
};
bool ike_delete_decode(struct bytes body, struct ike_delete_payload *out,
                       struct error *error);
void ike_delete_encode(const struct ike_delete_payload *d, struct buffer *out);

/* ---- Traffic Selectors (3.13) ---- */

enum { TS_IPV4_ADDR_RANGE = 7, TS_IPV6_ADDR_RANGE = 8 };
struct ike_ts {
    uint8_t type;     /* others than 7 and 8 are kept in `raw` only */
    uint8_t protocol; /* 0 is any */
    uint16_t first_port, last_port;
    struct address first, last;
    struct bytes raw; /* the whole selector as received */
};
enum { IKE_TS_MAX = 16 };
struct ike_ts_payload {
    size_t count;
    struct ike_ts selectors[IKE_TS_MAX];
};
bool ike_ts_decode(struct bytes body, struct ike_ts_payload *out,
                   struct error *error);
void ike_ts_encode(const struct ike_ts_payload *ts, struct buffer *out);

/* ---- Configuration (3.15) ---- */

enum ike_cp_type { CP_REQUEST = 1, CP_REPLY = 2, CP_SET = 3, CP_ACK = 4 };
struct ike_cp_attribute {
    uint16_t type; /* without the reserved top bit */
    struct bytes value;
};
enum { IKE_CP_MAX = 128 };
struct ike_cp_payload {
    uint8_t type;
    size_t count;
    struct ike_cp_attribute attributes[IKE_CP_MAX];
};
bool ike_cp_decode(struct bytes body, struct ike_cp_payload *out,
                   struct error *error);
void ike_cp_encode(const struct ike_cp_payload *cp, struct buffer *out);

/* ---- EAP (3.16): code, identifier, length, type data ---- */
struct ike_eap_payload {
    uint8_t code;
    uint8_t identifier;
    struct bytes data; /* what follows the length field */
};
bool ike_eap_decode(struct bytes body, struct ike_eap_payload *out,
                    struct error *error);
void ike_eap_encode(const struct ike_eap_payload *eap, struct buffer *out);

/* ---- Encrypted Fragment (RFC 7383 2.5): fields before the IV ---- */
struct ike_skf_payload {
    uint16_t number; /* from 1 */
    uint16_t total;
    struct bytes rest; /* IV, ciphertext, ICV */
};
bool ike_skf_decode(struct bytes body, struct ike_skf_payload *out,
                    struct error *error);

/* Validates the body of any known payload type, as a fuzz target and the
 * receiver's syntax check do. True for unknown types. */
bool ike_payload_check(uint8_t type, struct bytes body, struct error *error);

/* One line for a person: "SA KE Ni N(NAT_DETECTION_SOURCE_IP)". */
char *ike_message_summary(const struct ike_message *message, char *text,
                          size_t size);

#endif
