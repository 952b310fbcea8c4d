/* Why a system does not let us make namespaces, and what to do about it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/net_private.h"

/* A setting that forbids namespaces when it has the value `forbids`. */
struct setting {
    const char *name;
    const char *path;
    long forbids;
    long allows; /* the value that `sudo sysctl` should give it */
};

static const struct setting settings[] = {
    {"kernel.unprivileged_userns_clone",
     "/proc/sys/kernel/unprivileged_userns_clone", 0, 1},
    {"user.max_user_namespaces", "/proc/sys/user/max_user_namespaces", 0,
     15000},
    {"user.max_net_namespaces", "/proc/sys/user/max_net_namespaces", 0, 15000},
    {"user.max_mnt_namespaces", "/proc/sys/user/max_mnt_namespaces", 0, 15000},
    {"user.max_pid_namespaces", "/proc/sys/user/max_pid_namespaces", 0, 15000},
    {"kernel.apparmor_restrict_unprivileged_userns",
     "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 1, 0},
};

static bool read_number(const char *path, long *value)
{
    FILE *file = fopen(path, "re");
    char text[32], *end = text;

    if (file == NULL)
        return false;
    if (fgets(text, sizeof text, file) != NULL)
        *value = strtol(text, &end, 10);
    fclose(file);
    return end != text;
}

bool sandbox_explain(const char *step, int number, struct error *error)
{
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        const struct setting *at = &settings[i];
        long value = 0;
        if (read_number(at->path, &value) && value == at->forbids)
            return error_set(error,
                             "no namespaces for this user: %s = %ld (%s: %s); "
                             "use `sudo counterfoil run ...` or allow them "
                             "with `sudo sysctl %s=%ld`",
                             at->name, value, step, strerror(number), at->name,
                             at->allows);
    }
    if (geteuid() != 0 && (number == EPERM || number == ENOSPC))
        return error_set(error,
                         "no namespaces for this user (%s: %s), and no setting "
                         "says why; use `sudo counterfoil run ...`",
                         step, strerror(number));
    if (number == EPERM || number == ENOSPC)
        return error_set(error,
                         "no namespaces, not even for root (%s: %s): a "
                         "container? give it CAP_SYS_ADMIN and CAP_NET_ADMIN",
                         step, strerror(number));
    return error_set(error, "%s: %s", step, strerror(number));
}
