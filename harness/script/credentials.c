/* Certificates for one run: an authority, ours, the gateway's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script/play_private.h"

enum { MAKING_SECONDS = 30 };

/* One certificate with its key through openssl(1), into the run's folder;
 * signed by "authority" unless it is that itself. */
static bool make_one(struct play *play, const char *kind, const char *name,
                     const char *identity, struct error *error)
{
    bool authority = !strcmp(name, "authority");
    char subject[96], alternative[128], certificate[64], key[64];
    const char *argv[24] = {"openssl", "req", "-x509", "-nodes", "-days", "30"};
    size_t n = 6;

    snprintf(subject, sizeof subject, "/CN=%s", identity);
    snprintf(alternative, sizeof alternative, "subjectAltName=DNS:%s",
             identity);
    snprintf(certificate, sizeof certificate, "%s.pem", name);
    snprintf(key, sizeof key, "%s.key", name);
    argv[n++] = "-newkey";
    if (!strcmp(kind, "rsa")) {
        argv[n++] = "rsa:2048";
    } else {
        argv[n++] = "ec";
        argv[n++] = "-pkeyopt";
        argv[n++] = "ec_paramgen_curve:P-256";
    }
    argv[n++] = "-subj";
    argv[n++] = subject;
    argv[n++] = "-keyout";
    argv[n++] = key;
    argv[n++] = "-out";
    argv[n++] = certificate;
    if (!authority) {
        argv[n++] = "-CA";
        argv[n++] = "authority.pem";
        argv[n++] = "-CAkey";
        argv[n++] = "authority.key";
        argv[n++] = "-addext";
        argv[n++] = alternative;
    }
    char log[4096];
    snprintf(log, sizeof log, "%s/openssl.log", play->options->directory);
    struct process_options options = {
        .argv = argv, .directory = play->options->directory, .log = log};
    return process_run(play->loop, &options,
                       net_now() + MAKING_SECONDS * NS_PER_S, error);
}

static char *path_of(const struct play *play, const char *name)
{
    size_t size = strlen(play->options->directory) + strlen(name) + 2;
    char *path = memory_take(size);
    snprintf(path, size, "%s/%s", play->options->directory, name);
    return path;
}

static bool load(struct play *play, struct error *error)
{
    char *certificate = path_of(play, "harness.pem");
    char *key = path_of(play, "harness.key");
    char *authority = path_of(play, "authority.pem");

    play->credential = credential_load(certificate, key, error);
    if (play->credential)
        play->authority = credential_load(authority, NULL, error);
    free(certificate);
    free(key);
    free(authority);
    return play->authority;
}

bool play_credentials(struct play *play, const char *kind, struct error *error)
{
    if (play->credential)
        return true;
    if (strcmp(kind, "rsa") && strcmp(kind, "ecdsa"))
        return error_set(error, "it must be psk, rsa or ecdsa");
    return make_one(play, kind, "authority", "authority.example", error) &&
           make_one(play, kind, "harness", PLAY_IDENTITY, error) &&
           make_one(play, kind, "gateway", PLAY_GATEWAY_IDENTITY, error) &&
           load(play, error);
}
