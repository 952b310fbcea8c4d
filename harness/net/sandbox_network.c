/* Interfaces and addresses in a sandbox, by iproute2. */
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/net_private.h"

/* Where iproute2 finds the network namespace of the other site. */
enum { OTHER_SITE_FD = 3 };
#define OTHER_SITE "/proc/self/fd/3"

/* ---- Running ip ---- */

static _Noreturn void run_ip(int net, int other, int input, int output)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
    if (setns(net, CLONE_NEWNET) == 0 && dup2(input, STDIN_FILENO) == 0 &&
        dup2(output, STDOUT_FILENO) >= 0 && dup2(output, STDERR_FILENO) >= 0) {
        if (other == OTHER_SITE_FD)
            fcntl(other, F_SETFD, 0);
        else if (other >= 0)
            dup2(other, OTHER_SITE_FD);
        execlp("ip", "ip", "-batch", "-", (char *)NULL);
    }
    dprintf(STDERR_FILENO, "ip: %s\n", strerror(errno));
    _exit(127);
}

/* The first line that ip complained with. */
static bool complaint(int output, struct error *error)
{
    char text[160];
    ssize_t size = pread(output, text, sizeof text - 1, 0);

    if (size <= 0)
        return error_set(error, "ip -batch failed and says nothing");
    text[size] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return error_set(error, "ip -batch: %s", text);
}

/* `other` may be named OTHER_SITE in the lines; -1 if there is none. */
static bool ip_batch(int net, int other, const char *lines, struct error *error)
{
    int input = memfd_create("input", MFD_CLOEXEC);
    int output = memfd_create("output", MFD_CLOEXEC);
    int status = -1;
    size_t size = strlen(lines);
    bool good = input >= 0 && output >= 0 &&
                write(input, lines, size) == (ssize_t)size &&
                lseek(input, 0, SEEK_SET) == 0;

    if (!good) {
        error_set(error, "ip -batch: %s", strerror(errno));
    } else {
        pid_t pid = fork();
        if (pid == 0)
            run_ip(net, other, input, output);
        if (pid > 0)
            waitpid(pid, &status, 0);
        good = status == 0 || complaint(output, error);
    }
    if (input >= 0)
        close(input);
    if (output >= 0)
        close(output);
    return good;
}

static const struct site *site_or_harness(const struct sandbox *sandbox,
                                          const struct site *site)
{
    return site == NULL ? &sandbox->harness : site;
}

bool sandbox_ip(struct sandbox *sandbox, const struct site *site,
                const char *lines, struct error *error)
{
    return ip_batch(site_or_harness(sandbox, site)->net, -1, lines, error);
}

/* ---- Offloads ---- */

static void offloads_off(int fd, const char *interface)
{
    static const uint32_t commands[] = {ETHTOOL_STXCSUM, ETHTOOL_SRXCSUM,
                                        ETHTOOL_SSG,     ETHTOOL_STSO,
                                        ETHTOOL_SGSO,    ETHTOOL_SGRO};

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        struct ethtool_value value = {.cmd = commands[i], .data = 0};
        struct ifreq request = {0};
        snprintf(request.ifr_name, sizeof request.ifr_name, "%s", interface);
        request.ifr_data = (void *)&value;
        ioctl(fd, SIOCETHTOOL, &request);
    }
}

/* With transmit checksum offload a veth never fills checksums in, and every
 * capture on it shows wrong ones. Needs no more than CAP_NET_ADMIN. */
static bool site_offloads_off(const struct sandbox *sandbox,
                              const struct site *site, const char *interface,
                              struct error *error)
{
    int fd = -1;

    if (setns(site->net, CLONE_NEWNET) == 0)
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        offloads_off(fd, interface);
        close(fd);
    }
    if (setns(sandbox->harness.net, CLONE_NEWNET) < 0 || fd < 0)
        return error_set(error, "offloads of %s: %s", interface,
                         strerror(errno));
    return true;
}

/* ---- Interfaces ---- */

/* `more` is appended to the lines that run on side `a`. */
static bool connect_sites(struct sandbox *sandbox, const struct site *a,
                          const char *name_a, const char *more_a,
                          const struct site *b, const char *name_b,
                          const char *more_b, struct error *error)
{
    char lines[1024];
    const char *quiet = sandbox->options.ipv6 ? " addrgenmode none" : "";

    snprintf(lines, sizeof lines,
             "link add name %s type veth peer name %s netns " OTHER_SITE "\n"
             "link set dev %s%s up\n%s",
             name_a, name_b, name_a, quiet, more_a);
    if (!ip_batch(a->net, b->net, lines, error))
        return false;
    snprintf(lines, sizeof lines, "link set dev %s%s up\n%s", name_b, quiet,
             more_b);
    return ip_batch(b->net, -1, lines, error) &&
           site_offloads_off(sandbox, a, name_a, error) &&
           site_offloads_off(sandbox, b, name_b, error);
}

bool sandbox_connect(struct sandbox *sandbox, const struct site *a,
                     const char *name_a, const struct site *b,
                     const char *name_b, struct error *error)
{
    return connect_sites(sandbox, site_or_harness(sandbox, a), name_a, "",
                         site_or_harness(sandbox, b), name_b, "", error);
}

bool sandbox_network(struct sandbox *sandbox, struct error *error)
{
    char harness[512], gateway[512];
    bool ipv6 = sandbox->options.ipv6;

    snprintf(harness, sizeof harness,
             "link set lo up\n"
             "addr add " SANDBOX_HARNESS_ADDRESS
             "/24 dev " SANDBOX_HARNESS_INTERFACE "\n%s",
             ipv6 ? "addr add " SANDBOX_HARNESS_ADDRESS6
                    "/64 dev " SANDBOX_HARNESS_INTERFACE " nodad\n"
                  : "");
    snprintf(gateway, sizeof gateway,
             "link set lo up\n"
             "addr add " SANDBOX_GATEWAY_INNER "/32 dev lo\n"
             "addr add " SANDBOX_GATEWAY_ADDRESS
             "/24 dev " SANDBOX_GATEWAY_INTERFACE "\n%s",
             ipv6 ? "addr add " SANDBOX_GATEWAY_INNER6 "/128 dev lo nodad\n"
                    "addr add " SANDBOX_GATEWAY_ADDRESS6
                    "/64 dev " SANDBOX_GATEWAY_INTERFACE " nodad\n"
                  : "");
    return connect_sites(sandbox, &sandbox->harness, SANDBOX_HARNESS_INTERFACE,
                         harness, sandbox->sites[0], SANDBOX_GATEWAY_INTERFACE,
                         gateway, error);
}

static bool change_address(struct sandbox *sandbox, const struct site *site,
                           const char *verb, const char *interface,
                           const struct address *address, unsigned prefix,
                           struct error *error)
{
    char text[ENDPOINT_TEXT], line[256];

    snprintf(line, sizeof line, "addr %s %s/%u dev %s%s\n", verb,
             address_to_text(address, text, sizeof text), prefix, interface,
             address->family == 6 && strcmp(verb, "add") == 0 ? " nodad" : "");
    return sandbox_ip(sandbox, site, line, error);
}

bool sandbox_add_address(struct sandbox *sandbox, const struct site *site,
                         const char *interface, const struct address *address,
                         unsigned prefix, struct error *error)
{
    return change_address(sandbox, site, "add", interface, address, prefix,
                          error);
}

bool sandbox_remove_address(struct sandbox *sandbox, const struct site *site,
                            const char *interface,
                            const struct address *address, unsigned prefix,
                            struct error *error)
{
    return change_address(sandbox, site, "del", interface, address, prefix,
                          error);
}
