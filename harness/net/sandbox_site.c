/* Sites: a network namespace and a mount namespace each. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/net_private.h"

bool site_enter(const struct site *site)
{
    return setns(site->net, CLONE_NEWNET) == 0 &&
           (site->mount < 0 || setns(site->mount, CLONE_NEWNS) == 0);
}

/* Nothing but what a scenario sends should be on the wire; and inner packets
 * should be answered, each one. What cannot be set stays as it is. */
void sandbox_quiet(bool ipv6)
{
    static const char *const always[][2] = {
        {"/proc/sys/net/ipv4/conf/all/rp_filter", "0"},
        {"/proc/sys/net/ipv4/conf/default/rp_filter", "0"},
        {"/proc/sys/net/ipv4/icmp_ratelimit", "0"},
        {"/proc/sys/net/ipv6/icmp/ratelimit", "0"},
        {"/proc/sys/net/ipv6/conf/default/accept_dad", "0"},
        {"/proc/sys/net/ipv6/conf/default/dad_transmits", "0"},
        {"/proc/sys/net/ipv6/conf/default/router_solicitations", "0"},
        {"/proc/sys/net/ipv6/conf/default/accept_ra", "0"},
    };

    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        write_text(always[i][0], always[i][1]);
    if (ipv6)
        return;
    write_text("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
    write_text("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
}

static struct site *remember_site(struct sandbox *sandbox, struct error *error)
{
    struct site here = {open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC),
                        open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC)};
    struct site *site;

    if (here.net < 0 || here.mount < 0) {
        error_set(error, "/proc/self/ns: %s", strerror(errno));
        return NULL;
    }
    site = memory_take(sizeof *site);
    *site = here;
    sandbox->sites[sandbox->site_count++] = site;
    return site;
}

bool sandbox_open_harness(struct sandbox *sandbox, struct error *error)
{
    sandbox->harness =
        (struct site){open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC),
                      open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC)};
    if (sandbox->harness.net < 0 || sandbox->harness.mount < 0)
        return error_set(error, "/proc/self/ns: %s", strerror(errno));
    sandbox_quiet(sandbox->options.ipv6);
    return true;
}

/* mkdir -p */
static bool make_path(const char *path)
{
    char part[PATH_MAX];

    for (const char *at = strchr(path + 1, '/'); at != NULL;
         at = strchr(at + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(at - path), path);
        if (mkdir(part, 0755) < 0 && errno != EEXIST)
            return false;
    }
    return mkdir(path, 0755) == 0 || errno == EEXIST;
}

/* Makes the folder that `fd` refers to visible again at `path`. */
static bool bind_again(int fd, const char *path, struct error *error)
{
    char source[64];

    snprintf(source, sizeof source, "/proc/self/fd/%d", fd);
    if (make_path(path) && mount(source, path, NULL, MS_BIND, NULL) == 0)
        return true;
    return error_set(error, "keeping %s: %s", path, strerror(errno));
}

/* An empty /run, but for the run's folder if it lies there. */
static bool mount_run(const struct sandbox *sandbox, struct error *error)
{
    const char *keep = sandbox->options.run_directory;
    char path[PATH_MAX] = "";
    int fd = -1;
    bool good;

    if (keep != NULL && realpath(keep, path) == NULL)
        return error_set(error, "%s: %s", keep, strerror(errno));
    if (strncmp(path, "/run/", 5) == 0)
        fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0)
        good = sandbox_explain("mount tmpfs on /run", errno, error);
    else
        good = fd < 0 || bind_again(fd, path, error);
    if (fd >= 0)
        close(fd);
    return good;
}

/* In the new namespaces. */
static struct site *furnish(struct sandbox *sandbox, struct error *error)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
        sandbox_explain("mount --make-rprivate /", errno, error);
        return NULL;
    }
    sandbox_quiet(sandbox->options.ipv6);
    if (!mount_run(sandbox, error))
        return NULL;
    return remember_site(sandbox, error);
}

struct site *sandbox_new_site(struct sandbox *sandbox, struct error *error)
{
    int directory = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct site *site = NULL;

    if (sandbox->site_count == SANDBOX_SITES)
        error_set(error, "too many sites (%d)", SANDBOX_SITES);
    else if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
        sandbox_explain("unshare", errno, error);
    else
        site = furnish(sandbox, error);
    if (!site_enter(&sandbox->harness)) {
        error_set(error, "returning from a site: %s", strerror(errno));
        site = NULL;
    }
    if (directory >= 0 && fchdir(directory) == 0)
        close(directory);
    return site;
}

const struct site *sandbox_add_site(struct sandbox *sandbox,
                                    struct error *error)
{
    const struct site *site = sandbox_new_site(sandbox, error);

    if (site == NULL || !sandbox_ip(sandbox, site, "link set lo up\n", error))
        return NULL;
    return site;
}
