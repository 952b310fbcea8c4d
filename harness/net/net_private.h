/* What the files of net/ share. */
#ifndef COUNTERFOIL_NET_PRIVATE_H
#define COUNTERFOIL_NET_PRIVATE_H

#include <uv.h>

#include "net/net.h"

/* ---- loop.c ---- */

struct net_loop {
    uv_loop_t uv;
    struct poller *signals;
    struct poller *timer;
    bool interrupted;
    bool expired;          /* the deadline of the current wait has passed */
    bool woken;            /* something that ends a wait happened */
    uint64_t process_ends; /* processes that have ended on this loop */
};

/* A file descriptor that the loop watches for reading. */
typedef void poller_fn(void *context);
/* Owns `fd` from now on, also when it fails. */
struct poller *poller_new(struct net_loop *loop, int fd, poller_fn *ready,
                          void *context, struct error *error);
int poller_fd(const struct poller *poller);
/* Stops, closes and releases; NULL is fine. Safe from within `ready`. */
void poller_free(struct poller *poller);

/* Runs callbacks until woken, expired or interrupted; see net_loop_wait. */
bool loop_run(struct net_loop *loop, uint64_t deadline);

/* ---- process.c ---- */

/* A process that was forked elsewhere becomes one of ours. */
struct process *process_adopt(struct net_loop *loop, pid_t pid,
                              struct error *error);

/* ---- sandbox ---- */

struct site {
    int net;
    int mount; /* -1: that of the harness */
};

/* Moves the calling process into a site, for good. False sets errno. */
bool site_enter(const struct site *site);

enum { SANDBOX_SITES = 16 };

struct sandbox {
    struct sandbox_options options;
    struct site harness;
    struct site *sites[SANDBOX_SITES]; /* the first one is the gateway's */
    size_t site_count;
};

/* sandbox_error.c: why namespaces cannot be made, and what works instead. */
bool sandbox_explain(const char *step, int number, struct error *error);

/* sandbox_network.c: what is between the two sites. */
bool sandbox_network(struct sandbox *sandbox, struct error *error);
/* Sysctls of the network namespace that the caller is in. */
void sandbox_quiet(bool ipv6);

/* sandbox_site.c */
bool sandbox_open_harness(struct sandbox *sandbox, struct error *error);
struct site *sandbox_new_site(struct sandbox *sandbox, struct error *error);

/* Writes a short text to a file of /proc. False sets errno. */
bool write_text(const char *path, const char *text);

#endif
