/* Certificates for one run: an authority, ours, the gateway's. */
#include <stdio.h>
#include <string.h>

#include "script/play_private.h"

enum { PATH_SIZE = 4096 };

static void path_of(const struct play *play, const char *name,
                    const char *ending, char path[static PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%s/%s.%s", play->options->directory, name,
             ending);
}

static bool write_one(const struct play *play, const char *name,
                      const struct made_credential *made, struct error *error)
{
    char certificate[PATH_SIZE], key[PATH_SIZE];

    path_of(play, name, "pem", certificate);
    path_of(play, name, "key", key);
    return made_credential_write(made, certificate, key, error);
}

/* One side's certificate into the run's folder. */
static bool make_one(const struct play *play, bool rsa, const char *name,
                     const char *identity,
                     const struct made_credential *authority,
                     struct error *error)
{
    struct made_credential made;
    bool good = credential_make(rsa, identity, authority, &made, error) &&
                write_one(play, name, &made, error);
    made_credential_clear(&made);
    return good;
}

static bool load(struct play *play, struct error *error)
{
    char certificate[PATH_SIZE], key[PATH_SIZE], authority[PATH_SIZE];

    path_of(play, "harness", "pem", certificate);
    path_of(play, "harness", "key", key);
    path_of(play, "authority", "pem", authority);
    play->credential = credential_load(certificate, key, error);
    if (play->credential)
        play->authority = credential_load(authority, NULL, error);
    return play->authority;
}

bool play_credentials(struct play *play, const char *kind, struct error *error)
{
    struct made_credential authority;
    bool rsa = !strcmp(kind, "rsa");

    if (play->credential)
        return true;
    if (!rsa && strcmp(kind, "ecdsa"))
        return error_set(error, "it must be psk, rsa or ecdsa");
    bool good =
        credential_make(rsa, "authority.example", NULL, &authority, error) &&
        write_one(play, "authority", &authority, error) &&
        make_one(play, rsa, "harness", PLAY_IDENTITY, &authority, error) &&
        make_one(play, rsa, "gateway", PLAY_GATEWAY_IDENTITY, &authority,
                 error) &&
        load(play, error);
    made_credential_clear(&authority);
    return good;
}
