/* Options by name, as an adapter has them in its environment. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateways/builtin/builtin_private.h"

/* ---- Values ---- */

bool option_boolean(const char *value, bool *out, struct error *error)
{
    static const char *const yes[] = {"yes", "true", "1", "on"};
    static const char *const no[] = {"no", "false", "0", "off"};

    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        if (!strcmp(value, yes[i]) || !strcmp(value, no[i])) {
            *out = !strcmp(value, yes[i]);
            return true;
        }
    }
    return error_set(error, "\"%s\" is neither yes nor no", value);
}

bool option_number(const char *value, double most, double *out,
                   struct error *error)
{
    char *end;

    errno = 0;
    *out = strtod(value, &end);
    if (end == value || *end || errno || !isfinite(*out))
        return error_set(error, "\"%s\" is no number", value);
    if (*out < 0 || *out > most)
        return error_set(error, "%s is not between 0 and %.0f", value, most);
    return true;
}

static bool read_count(const char *value, uint32_t *out, struct error *error)
{
    double number;
    if (!option_number(value, UINT32_MAX, &number, error))
        return false;
    *out = (uint32_t)number;
    return true;
}

/* Seconds to nanoseconds; a year at most. */
bool option_time(const char *value, uint64_t *out, struct error *error)
{
    double number;
    if (!option_number(value, 366.0 * 86400, &number, error))
        return false;
    *out = (uint64_t)(number * (double)NS_PER_S);
    return true;
}

static const char *keep(struct builtin *gateway, const char *value)
{
    return (const char *)arena_copy(&gateway->texts,
                                    bytes_of(value, strlen(value) + 1))
        .data;
}

/* Changes nothing when there is an error. */
static bool read_suites(const char *value, bool ike, struct suite *suites,
                        size_t *count, struct error *error)
{
    struct suite read[IKE_SUITES_MAX];
    size_t found = 0;
    char word[128];

    for (const char *at = value + strspn(value, ", "); *at;) {
        size_t size = strcspn(at, ", ");
        if (found == IKE_SUITES_MAX)
            return error_set(error, "more than %d proposals", IKE_SUITES_MAX);
        if (size >= sizeof word)
            return error_set(error, "a proposal of %zu characters", size);
        memcpy(word, at, size);
        word[size] = 0;
        if (!suite_from_text(word, ike, &read[found++], error))
            return false;
        at += size;
        at += strspn(at, ", ");
    }
    if (!found)
        return error_set(error, "there is no proposal in \"%s\"", value);
    memcpy(suites, read, found * sizeof *read);
    *count = found;
    return true;
}

/* "203.0.113.0/24", or an address alone. */
static bool read_network(const char *value, struct ike_ts_payload *out,
                         struct error *error)
{
    char text[ENDPOINT_TEXT];
    const char *slash = strchr(value, '/');
    size_t size = slash ? (size_t)(slash - value) : strlen(value);
    struct ike_ts ts = {.last_port = UINT16_MAX};
    double bits;

    if (size >= sizeof text)
        return error_set(error, "\"%s\" is no network", value);
    memcpy(text, value, size);
    text[size] = 0;
    if (!address_parse(text, &ts.first))
        return error_set(error, "\"%s\" is no network", value);
    size_t octets = address_size(&ts.first);
    ts.type = octets == 4 ? TS_IPV4_ADDR_RANGE : TS_IPV6_ADDR_RANGE;
    bits = (double)octets * 8;
    if (slash && !option_number(slash + 1, bits, &bits, error))
        return false;
    ts.last = ts.first;
    for (size_t bit = (size_t)bits; bit < octets * 8; bit++) {
        uint8_t mask = (uint8_t)(0x80 >> bit % 8);
        ts.first.octets[bit / 8] &= (uint8_t)~mask;
        ts.last.octets[bit / 8] |= mask;
    }
    out->count = 1;
    out->selectors[0] = ts;
    return true;
}

/* ---- One function an option ---- */

static bool set_ike(struct builtin *g, const char *value, struct error *error)
{
    return read_suites(value, true, g->config.ike, &g->config.ike_count, error);
}

static bool set_esp(struct builtin *g, const char *value, struct error *error)
{
    return read_suites(value, false, g->config.child, &g->config.child_count,
                       error);
}

static bool set_address(struct address *out, const char *value,
                        struct error *error)
{
    return address_parse(value, out) ||
           error_set(error, "\"%s\" is no address", value);
}

static bool set_local_address(struct builtin *g, const char *value,
                              struct error *error)
{
    return set_address(&g->address, value, error);
}

static bool set_peer_address(struct builtin *g, const char *value,
                             struct error *error)
{
    return set_address(&g->peer, value, error);
}

static bool set_id(struct builtin *g, struct ike_id_payload *out,
                   const char *value)
{
    *out = (struct ike_id_payload){.type = ID_FQDN,
                                   .data = bytes_of_string(keep(g, value))};
    return true;
}

static bool set_local_id(struct builtin *g, const char *value,
                         struct error *error)
{
    (void)error;
    return set_id(g, &g->config.local_id, value);
}

static bool set_peer_id(struct builtin *g, const char *value,
                        struct error *error)
{
    (void)error;
    return set_id(g, &g->config.remote_id, value);
}

static bool set_psk(struct builtin *g, const char *value, struct error *error)
{
    (void)error;
    g->config.psk = bytes_of_string(keep(g, value));
    return true;
}

static bool set_auth(struct builtin *g, const char *value, struct error *error)
{
    if (strcmp(value, "psk") != 0 && strcmp(value, "rsa") != 0 &&
        strcmp(value, "ecdsa") != 0)
        return error_set(error, "\"%s\" is none of psk, rsa, ecdsa", value);
    g->auth = keep(g, value);
    return true;
}

static bool set_certificate(struct builtin *g, const char *value,
                            struct error *error)
{
    (void)error;
    g->certificate_path = keep(g, value);
    return true;
}

static bool set_key(struct builtin *g, const char *value, struct error *error)
{
    (void)error;
    g->key_path = keep(g, value);
    return true;
}

static bool set_authority(struct builtin *g, const char *value,
                          struct error *error)
{
    (void)error;
    g->authority_path = keep(g, value);
    return true;
}

static bool set_mobike(struct builtin *g, const char *value,
                       struct error *error)
{
    bool wanted;
    (void)g;
    return option_boolean(value, &wanted, error) &&
           (!wanted || error_set(error, "there is none here"));
}

static bool set_local_ts(struct builtin *g, const char *value,
                         struct error *error)
{
    return read_network(value, &g->config.local_ts, error);
}

static bool set_peer_ts(struct builtin *g, const char *value,
                        struct error *error)
{
    return read_network(value, &g->config.remote_ts, error);
}

/* RFC 7296 1.3.1; local_ts and peer_ts are the two ends then. */
static bool set_mode(struct builtin *g, const char *value, struct error *error)
{
    g->config.transport_mode = strcmp(value, "tunnel") != 0;
    g->config.transport_only = !strcmp(value, "transport-only");
    return !g->config.transport_mode || g->config.transport_only ||
           !strcmp(value, "transport") ||
           error_set(error,
                     "\"%s\" is none of tunnel, transport, transport-only",
                     value);
}

static bool set_replay_window(struct builtin *g, const char *value,
                              struct error *error)
{
    uint32_t window;
    if (!read_count(value, &window, error))
        return false;
    if (window > ESP_WINDOW_MAX)
        return error_set(error, "a replay window of %u, above %d", window,
                         ESP_WINDOW_MAX);
    g->config.replay_window = window;
    return true;
}

static bool set_role(struct builtin *g, const char *value, struct error *error)
{
    (void)g; /* it can do both at any time */
    return !strcmp(value, "initiator") || !strcmp(value, "responder") ||
           error_set(error, "\"%s\" is neither initiator nor responder", value);
}

static bool set_fragmentation(struct builtin *g, const char *value,
                              struct error *error)
{
    return option_boolean(value, &g->config.fragmentation, error);
}

static bool set_fragment_size(struct builtin *g, const char *value,
                              struct error *error)
{
    enum { IP_AND_UDP = 28, MARKER = 4 }; /* the option is of IP packets */
    uint32_t size;

    if (!read_count(value, &size, error))
        return false;
    g->config.fragment_size =
        size > IP_AND_UDP + MARKER ? size - IP_AND_UDP - MARKER : size;
    return true;
}

static bool set_sync(struct builtin *g, const char *value, struct error *error)
{
    return option_boolean(value, &g->config.message_id_sync, error);
}

static bool set_counters(struct builtin *g, const char *value,
                         struct error *error)
{
    return option_boolean(value, &g->config.replay_counter_sync, error);
}

static bool set_encapsulate(struct builtin *g, const char *value,
                            struct error *error)
{
    return option_boolean(value, &g->config.force_encapsulation, error);
}

static bool set_cookie(struct builtin *g, const char *value,
                       struct error *error)
{
    return option_boolean(value, &g->config.cookie, error);
}

static bool set_window(struct builtin *g, const char *value,
                       struct error *error)
{
    uint32_t window;
    if (!read_count(value, &window, error))
        return false;
    if (!window)
        return error_set(error, "a window of 0");
    g->config.window = window;
    return true;
}

static bool set_tries(struct builtin *g, const char *value, struct error *error)
{
    return read_count(value, &g->config.retransmit_tries, error);
}

static bool set_timeout(struct builtin *g, const char *value,
                        struct error *error)
{
    uint64_t first;
    if (!option_time(value, &first, error))
        return false;
    if (!first)
        return error_set(error, "retransmission after 0 s");
    g->config.retransmit_first = first;
    return true;
}

static bool set_initiate_timeout(struct builtin *g, const char *value,
                                 struct error *error)
{
    return option_time(value, &g->initiate_timeout, error);
}

static bool set_dpd(struct builtin *g, const char *value, struct error *error)
{
    return option_time(value, &g->timers.dpd, error);
}

static bool set_rekey_ike(struct builtin *g, const char *value,
                          struct error *error)
{
    return option_time(value, &g->timers.rekey_ike, error);
}

static bool set_rekey_child(struct builtin *g, const char *value,
                            struct error *error)
{
    return option_time(value, &g->timers.rekey_child, error);
}

const struct builtin_option builtin_options[] = {
    {"role", set_role, "initiator or responder; it can be both"},
    {"local_address", set_local_address, "the gateway's address"},
    {"peer_address", set_peer_address, "the harness's address"},
    {"local_id", set_local_id, "the gateway's identity (FQDN)"},
    {"peer_id", set_peer_id, "the identity that it demands; without: any"},
    {"auth", set_auth, "psk, rsa or ecdsa"},
    {"psk", set_psk, "the pre-shared key, as text"},
    {"local_cert", set_certificate, "PEM file: gateway's certificate"},
    {"local_key", set_key, "PEM file: gateway's private key"},
    {"peer_cert", set_authority, "PEM file: harness's certificate"},
    {"ca", set_authority, "PEM file: certificate of the authority of both"},
    {"ike", set_ike, "IKE proposals, comma between them"},
    {"esp", set_esp, "ESP proposals"},
    {"local_ts", set_local_ts, "network behind the gateway"},
    {"peer_ts", set_peer_ts, "network on the harness's side"},
    {"mode", set_mode, "tunnel, transport, or transport-only (RFC 7296 1.3.1)"},
    {"replay_window", set_replay_window,
     "packets of ESP, 0: no anti-replay (RFC 4303 3.4.3)"},
    {"mobike", set_mobike, "no: RFC 4555 is not spoken"},
    {"encapsulate", set_encapsulate, "yes or no: ESP in UDP always"},
    {"fragmentation", set_fragmentation, "yes or no: RFC 7383"},
    {"fragment_size", set_fragment_size, "octets of the largest IP packet"},
    {"message_id_sync", set_sync, "yes or no: assert 16420"},
    {"replay_counter_sync", set_counters, "yes or no: assert 16421"},
    {"window", set_window, "requests that it accepts at once"},
    {"cookie", set_cookie, "yes or no: demand a COOKIE"},
    {"dpd", set_dpd, "s of silence before a liveness check; 0: none"},
    {"rekey_ike", set_rekey_ike, "s between IKE SA rekeys; 0: none"},
    {"rekey_child", set_rekey_child, "s between Child SA rekeys; 0: none"},
    {"retransmit_timeout", set_timeout, "s before the first retransmission"},
    {"retransmit_tries", set_tries, "retransmissions before giving up"},
    {"initiate_timeout", set_initiate_timeout, "s that initiate may take"},
    {NULL, NULL, NULL},
};

static const struct builtin_option *
find_option(const struct builtin_option *options, const char *name)
{
    for (const struct builtin_option *o = options; o->name; o++)
        if (!strcmp(o->name, name))
            return o;
    return NULL;
}

bool builtin_option(struct builtin *gateway, const char *name,
                    const char *value, struct error *error)
{
    const struct builtin_option *option = find_option(builtin_options, name);

    if (!option)
        option = find_option(builtin_cluster_options, name);
    if (option)
        return option->set(gateway, value, error) ||
               error_prefix(error, "option %s", name);
    return error_set(error, "the built-in gateway has no option %s", name);
}

void options_default(struct builtin *gateway)
{
    static const char *const values[][2] = {
        {"local_address", BUILTIN_ADDRESS},
        {"peer_address", BUILTIN_PEER_ADDRESS},
        {"local_id", "gateway.example"},
        {"auth", "psk"},
        {"psk", BUILTIN_SECRET},
        {"local_ts", "203.0.113.0/24"},
        {"peer_ts", "198.51.100.0/24"},
        {"encapsulate", "yes"},
        {"initiate_timeout", "30"},
    };

    ike_config_default(&gateway->config);
    address_parse(BUILTIN_INNER, &gateway->inner);
    address_parse(BUILTIN_INNER6, &gateway->inner6);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        builtin_option(gateway, values[i][0], values[i][1], NULL);
    options_cluster_default(gateway);
}

bool options_finish(struct builtin *gateway, struct error *error)
{
    struct ike_config *config = &gateway->config;

    if (!strcmp(gateway->auth, "psk"))
        return true;
    if (!gateway->certificate_path || !gateway->key_path ||
        !gateway->authority_path)
        return error_set(error, "auth %s needs local_cert, local_key and ca",
                         gateway->auth);
    gateway->credential =
        credential_load(gateway->certificate_path, gateway->key_path, error);
    if (gateway->credential)
        gateway->authority =
            credential_load(gateway->authority_path, NULL, error);
    if (!gateway->authority)
        return false;
    config->auth_method = AUTH_SIGNATURE;
    config->auth_hash = HASH_SHA2_256;
    config->credential = gateway->credential;
    config->authority = gateway->authority;
    config->local_id = (struct ike_id_payload){
        .type = ID_DER_ASN1_DN,
        .data = credential_subject(gateway->credential)};
    config->remote_id = (struct ike_id_payload){0};
    return true;
}
