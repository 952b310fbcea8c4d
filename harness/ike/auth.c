/* AUTH payloads and capabilities: what IKE_AUTH has in common for both roles
 * (RFC 7296 2.15, RFC 7427, RFC 6311 5). */
#include "ike/ike_private.h"

#include <string.h>

enum { CERTREQ_HASH = 20 };

/* ---- What is signed ---- */

/* RealMessage | nonce of the other | prf(SK_p, RestOfIDPayload) (2.15). */
static bool signed_octets(const struct ike_sa *sa, bool of_initiator,
                          struct bytes id_body, struct buffer *out)
{
    const struct handshake *h = priv(sa)->handshake;
    const struct key *key = of_initiator ? &sa->keys.pi : &sa->keys.pr;
    const struct prf_info *info = prf_lookup(sa->suite.prf);
    uint8_t mac[PRF_MAX];

    if (!info || !prf(sa->host->crypto, sa->suite.prf, key_view(key), id_body,
                      (struct bytes){0}, (struct bytes){0}, mac))
        return false;
    buffer_bytes(out, buffer_view(of_initiator ? &h->request : &h->response));
    buffer_bytes(out, buffer_view(of_initiator ? &h->nonce_r : &h->nonce_i));
    buffer_bytes(out, bytes_of(mac, info->size));
    return true;
}

static bool mac_equal(struct bytes a, struct bytes b)
{
    uint8_t differs = 0;
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++)
        differs |= a.data[i] ^ b.data[i];
    return !differs;
}

/* ---- Ours ---- */

/* RFC 7427 4: only a hash that the peer has announced. */
static uint16_t choose_hash(const struct ike_sa *sa)
{
    static const uint16_t known[] = {HASH_SHA2_256, HASH_SHA2_384,
                                     HASH_SHA2_512, HASH_IDENTITY};
    unsigned peer = priv(sa)->handshake->peer_hashes;
    uint16_t wanted = sa->host->config.auth_hash;

    if (wanted <= HASH_IDENTITY && (peer >> wanted & 1))
        return wanted;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (peer >> known[i] & 1)
            return known[i];
    return 0;
}

static bool make_auth(const struct ike_sa *sa, struct bytes octets,
                      struct buffer *out, struct error *error)
{
    const struct ike_config *config = &sa->host->config;
    uint8_t mac[PRF_MAX];
    uint16_t hash = 0;

    if (config->auth_method == AUTH_PSK) {
        if (!auth_psk(sa->host->crypto, sa->suite.prf, config->psk, octets,
                      mac))
            return error_set(error, "AUTH from the PSK cannot be made");
        buffer_bytes(out, bytes_of(mac, prf_lookup(sa->suite.prf)->size));
        return true;
    }
    if (!config->credential)
        return error_set(error, "no credential for AUTH method %u",
                         config->auth_method);
    if (config->auth_method == AUTH_SIGNATURE && !(hash = choose_hash(sa)))
        return error_set(error, "the peer announced no signature hash of ours "
                                "(RFC 7427)");
    return auth_sign(sa->host->crypto, config->credential, config->auth_method,
                     hash, octets, out, error);
}

bool auth_prove(struct ike_sa *sa, struct draft *draft, struct bytes id_body,
                struct error *error)
{
    struct ike_auth_payload auth = {.method = sa->host->config.auth_method};
    struct buffer octets = {0}, data = {0}, body = {0};

    bool made = signed_octets(sa, sa->initiator, id_body, &octets) &&
                make_auth(sa, buffer_view(&octets), &data, error);
    if (made) {
        auth.data = buffer_view(&data);
        ike_auth_encode(&auth, &body);
        draft_add(draft, PAYLOAD_AUTH, &body);
    }
    buffer_free(&octets);
    buffer_free(&data);
    return made;
}

void auth_add_certificate(struct ike_sa *sa, struct draft *draft)
{
    const struct ike_config *config = &sa->host->config;
    struct buffer body = {0};

    if (config->auth_method == AUTH_PSK || !config->credential)
        return;
    struct ike_cert_payload cert = {
        .encoding = CERT_X509_SIGNATURE,
        .data = credential_certificate(config->credential)};
    ike_cert_encode(&cert, &body);
    draft_add(draft, PAYLOAD_CERT, &body);
}

void auth_add_certreq(struct ike_host *host, struct draft *draft)
{
    uint8_t hash[CERTREQ_HASH];
    struct buffer body = {0};

    if (!host->config.authority)
        return;
    credential_key_hash(host->config.authority, hash);
    struct ike_cert_payload request = {.encoding = CERT_X509_SIGNATURE,
                                       .data = bytes_of(hash, sizeof hash)};
    ike_cert_encode(&request, &body);
    draft_add(draft, PAYLOAD_CERTREQ, &body);
}

/* ---- The peer's ---- */

static bool id_is_expected(const struct ike_sa *sa,
                           const struct ike_id_payload *id, struct error *error)
{
    const struct ike_id_payload *wanted = &sa->host->config.remote_id;

    if (!wanted->data.size)
        return true;
    return (wanted->type == id->type && bytes_equal(wanted->data, id->data)) ||
           error_set(error,
                     "identity of type %u, %zu octets, is not the "
                     "configured one of type %u, %zu octets",
                     id->type, id->data.size, wanted->type, wanted->data.size);
}

/* The certificate must be signed by the authority; an identity that is a
 * distinguished name must be the certificate's subject. */
static struct credential *peer_credential(const struct ike_sa *sa,
                                          const struct received *in,
                                          const struct ike_id_payload *id,
                                          struct error *error)
{
    const struct ike_payload *p = ike_message_find(&in->message, PAYLOAD_CERT);
    const struct credential *authority = sa->host->config.authority;
    struct ike_cert_payload cert;

    if (!p || !ike_cert_decode(p->body, &cert, error) ||
        cert.encoding != CERT_X509_SIGNATURE || !authority) {
        error_set(error, !authority ? "no authority to trust"
                                    : "no X.509 certificate of the peer");
        return NULL;
    }
    struct credential *credential = credential_from_der(cert.data, error);
    if (!credential)
        return NULL;
    bool good = credential_verify_chain(credential, authority,
                                        in->now / NS_PER_S, error);
    if (good && id->type == ID_DER_ASN1_DN &&
        !bytes_equal(id->data, credential_subject(credential)))
        good = error_set(error, "identity is not the certificate's subject");
    if (good)
        return credential;
    credential_free(credential);
    return NULL;
}

static bool verify(struct ike_sa *sa, const struct received *in,
                   const struct ike_id_payload *id,
                   const struct ike_auth_payload *auth, struct bytes octets,
                   struct error *error)
{
    struct crypto *crypto = sa->host->crypto;
    uint8_t mac[PRF_MAX];

    if (auth->method == AUTH_PSK) {
        if (!sa->host->config.psk.size)
            return error_set(error, "the peer used a PSK, we have none");
        return (auth_psk(crypto, sa->suite.prf, sa->host->config.psk, octets,
                         mac) &&
                mac_equal(auth->data,
                          bytes_of(mac, prf_lookup(sa->suite.prf)->size))) ||
               error_set(error, "AUTH from the PSK does not verify");
    }
    struct credential *credential = peer_credential(sa, in, id, error);
    if (!credential)
        return false;
    bool good = auth_verify(crypto, credential, auth->method, auth->data,
                            octets, error);
    credential_free(credential);
    return good;
}

bool auth_check(struct ike_sa *sa, const struct received *in, uint8_t id_type,
                struct error *error)
{
    const struct ike_payload *id_p = ike_message_find(&in->message, id_type);
    const struct ike_payload *auth_p =
        ike_message_find(&in->message, PAYLOAD_AUTH);
    struct ike_id_payload id;
    struct ike_auth_payload auth;
    struct buffer octets = {0};

    if (!id_p || !auth_p)
        return error_set(error, "IKE_AUTH without %s", id_p ? "AUTH" : "ID");
    if (!ike_id_decode(id_p->body, &id, error) ||
        !ike_auth_decode(auth_p->body, &auth, error) ||
        !id_is_expected(sa, &id, error))
        return false;
    bool good = signed_octets(sa, !sa->initiator, id_p->body, &octets) &&
                verify(sa, in, &id, &auth, buffer_view(&octets), error);
    buffer_free(&octets);
    return good;
}

/* ---- Capabilities ---- */

/* RFC6311-6.1-01, RFC6311-6.2-01: protocol 0, no SPI, no data; a malformed one
 * is no support. */
static bool asserted(const struct ike_message *message, uint16_t type)
{
    struct ike_notify notify;
    return ike_message_notify(message, type, 0, &notify) && !notify.spi.size &&
           !notify.data.size;
}

void auth_capabilities(struct ike_sa *sa, struct draft *draft,
                       const struct ike_message *request)
{
    const struct ike_config *config = &sa->host->config;

    /* RFC6311-5-01: the responder only what the initiator has asserted. */
    if (config->message_id_sync &&
        (!request || asserted(request, IKEV2_MESSAGE_ID_SYNC_SUPPORTED)))
        draft_notify(draft, IKEV2_MESSAGE_ID_SYNC_SUPPORTED, (struct bytes){0});
    if (config->replay_counter_sync &&
        (!request || asserted(request, IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED)))
        draft_notify(draft, IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED,
                     (struct bytes){0});
    if (config->window > 1) {
        uint8_t size[4];
        write_u32(size, config->window);
        draft_notify(draft, SET_WINDOW_SIZE, bytes_of(size, sizeof size));
        sa->window = config->window;
    }
}

void auth_read_capabilities(struct ike_sa *sa,
                            const struct ike_message *message)
{
    const struct ike_config *config = &sa->host->config;
    struct ike_notify notify;

    /* RFC6311-5-02: only what both have asserted. */
    sa->message_id_sync = config->message_id_sync &&
                          asserted(message, IKEV2_MESSAGE_ID_SYNC_SUPPORTED);
    sa->replay_counter_sync =
        config->replay_counter_sync &&
        asserted(message, IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED);
    if (ike_message_notify(message, SET_WINDOW_SIZE, 0, &notify) &&
        notify.data.size == 4 && read_u32(notify.data.data) > 1)
        sa->peer_window = read_u32(notify.data.data);
}
