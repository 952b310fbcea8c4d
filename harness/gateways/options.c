/* What can be set of a gateway: the environment of its executables. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateways/gateways_private.h"

const struct gateway_option gateway_options[] = {
    {"role", "CF_ROLE", "initiator",
     "initiator or responder: the gateway's role in the first IKE SA"},
    {"local_address", "CF_LOCAL_ADDRESS", SANDBOX_GATEWAY_ADDRESS,
     "the gateway's address"},
    {"peer_address", "CF_PEER_ADDRESS", SANDBOX_HARNESS_ADDRESS,
     "the harness's address"},
    {"local_id", "CF_LOCAL_ID", "gateway.example",
     "the gateway's identity (FQDN)"},
    {"peer_id", "CF_PEER_ID", "harness.example",
     "the harness's identity (FQDN)"},
    {"auth", "CF_AUTH", "psk", "psk, rsa or ecdsa: both sides authenticate so"},
    {"psk", "CF_PSK", NULL, "the pre-shared key, as text"},
    {"local_cert", "CF_LOCAL_CERT", NULL, "PEM file: gateway's certificate"},
    {"local_key", "CF_LOCAL_KEY", NULL, "PEM file: gateway's private key"},
    {"peer_cert", "CF_PEER_CERT", NULL, "PEM file: harness's certificate"},
    {"ca", "CF_CA", NULL, "PEM file: certificate of the authority of both"},
    {"ike", "CF_IKE_PROPOSALS", "aes128gcm16-prfsha256-x25519",
     "IKE proposals, comma between them, as strongSwan writes them"},
    {"esp", "CF_ESP_PROPOSALS", "aes128gcm16",
     "ESP proposals; with a key exchange at the end, rekeying has one"},
    {"local_ts", "CF_LOCAL_TS", SANDBOX_GATEWAY_NETWORK,
     "network behind the gateway"},
    {"peer_ts", "CF_PEER_TS", SANDBOX_HARNESS_NETWORK,
     "network on the harness's side"},
    {"mode", "CF_MODE", "tunnel", "tunnel or transport: of its Child SAs"},
    {"replay_window", "CF_REPLAY_WINDOW", NULL,
     "packets of ESP; 0: no anti-replay"},
    {"mobike", "CF_MOBIKE", "no", "yes or no: RFC 4555"},
    {"fragmentation", "CF_FRAGMENTATION", "yes",
     "yes, no, or force (fragment every message that can be): RFC 7383"},
    {"fragment_size", "CF_FRAGMENT_SIZE", NULL,
     "octets of the largest IP packet of a fragment"},
    {"dpd", "CF_DPD", NULL, "s of silence before a liveness check; 0: none"},
    {"rekey_ike", "CF_REKEY_IKE", NULL, "s between IKE SA rekeys; 0: none"},
    {"rekey_child", "CF_REKEY_CHILD", NULL,
     "s between Child SA rekeys; 0: none"},
    {"retransmit_timeout", "CF_RETRANSMIT_TIMEOUT", NULL,
     "s before the first retransmission"},
    {"retransmit_base", "CF_RETRANSMIT_BASE", NULL,
     "factor between two retransmissions"},
    {"retransmit_tries", "CF_RETRANSMIT_TRIES", NULL,
     "retransmissions before giving up"},
    {"initiate_timeout", "CF_INITIATE_TIMEOUT", NULL,
     "s that initiate may take"},
    {NULL, NULL, NULL, NULL},
};

/* ---- Environments ---- */

static char **find(const struct environment *environment, const char *name)
{
    size_t size = strlen(name);

    for (size_t i = 0; i < environment->count; i++)
        if (strncmp(environment->items[i], name, size) == 0 &&
            environment->items[i][size] == '=')
            return &environment->items[i];
    return NULL;
}

const char *environment_get(const struct environment *environment,
                            const char *name)
{
    char **at = find(environment, name);

    return at == NULL ? NULL : *at + strlen(name) + 1;
}

static char *join(const char *name, const char *value)
{
    size_t size = strlen(name) + strlen(value) + 2;
    char *text = memory_take(size);

    snprintf(text, size, "%s=%s", name, value);
    return text;
}

void environment_set(struct environment *environment, const char *name,
                     const char *value)
{
    char **at = find(environment, name);
    char *text = value == NULL ? NULL : join(name, value);

    if (at != NULL) {
        free(*at);
        *at = text;
        if (text == NULL) {
            *at = environment->items[--environment->count];
            environment->items[environment->count] = NULL;
        }
    } else if (text != NULL) {
        environment->items =
            memory_resize(environment->items, (environment->count + 2) *
                                                  sizeof *environment->items);
        environment->items[environment->count++] = text;
        environment->items[environment->count] = NULL;
    }
}

void environment_clear(struct environment *environment)
{
    for (size_t i = 0; i < environment->count; i++) {
        memory_cleanse(environment->items[i], strlen(environment->items[i]));
        free(environment->items[i]);
    }
    free(environment->items);
    *environment = (struct environment){0};
}

/* ---- Options ---- */

enum { VARIABLE_SIZE = 128 };

/* "ike" -> "CF_IKE_PROPOSALS", "other" -> "CF_OTHER", "CF_X" as it is. */
static const char *variable_of(const char *name, char text[VARIABLE_SIZE])
{
    size_t size;

    for (const struct gateway_option *at = gateway_options; at->name; at++)
        if (strcmp(name, at->name) == 0)
            return at->variable;
    size = (size_t)snprintf(text, VARIABLE_SIZE, "%s%s",
                            strncmp(name, "CF_", 3) == 0 ? "" : "CF_", name);
    for (size_t i = 0; i < size && i < VARIABLE_SIZE - 1; i++)
        text[i] = isalnum((unsigned char)text[i])
                      ? (char)toupper((unsigned char)text[i])
                      : '_';
    return text;
}

void gateway_set(struct gateway *gateway, const char *name, const char *value)
{
    char text[VARIABLE_SIZE];

    environment_set(&gateway->environment, variable_of(name, text), value);
}

const char *gateway_get(const struct gateway *gateway, const char *name)
{
    char text[VARIABLE_SIZE];

    return environment_get(&gateway->environment, variable_of(name, text));
}
