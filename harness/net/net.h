/*
 * The outside world: an event loop, processes, namespaces, sockets and live
 * capture.
 *
 * One run of a scenario looks like this:
 *
 *     loop = net_loop_new(&error);
 *     worker = sandbox_spawn(loop, &options, body, context, &error);
 *     process_wait(worker, net_now() + 60 * NS_PER_S, &error);
 *     process_free(worker);
 *
 * and in the body, which is process 1 of its own namespaces:
 *
 *     loop = net_loop_new(&error);
 *     capture = capture_open(loop, &(struct capture_options){...}, &error);
 *     gateway = process_start(loop, &(struct process_options){...}, &error);
 *     link = net_link_open(loop, &error);
 *     net_link_add_address(link, &address, &error);
 *     ... link->ops->step(link, deadline) ...
 *     link->ops->free(link);
 *     capture_drain(capture, &error);
 *     capture_close(capture);
 *     process_free(gateway);
 *     net_loop_free(loop);
 *
 * Times are CLOCK_REALTIME in nanoseconds. Everything here belongs to one
 * thread. Functions that can fail return false or NULL with `error` set.
 */
#ifndef COUNTERFOIL_NET_NET_H
#define COUNTERFOIL_NET_NET_H

#include <sys/types.h>

#include "wire/link.h"

/* ---- The event loop ---- */

/* Carries every socket, process and capture that was opened on it, and must
 * outlive them. SIGINT and SIGTERM are caught from net_loop_new until
 * net_loop_free: they set `interrupted` and end every wait. */
struct net_loop;
struct net_loop *net_loop_new(struct error *error);
void net_loop_free(struct net_loop *loop);
bool net_loop_interrupted(const struct net_loop *loop);
/* Forgets a signal that came, so that cleaning up after it can wait for
 * events. The next signal interrupts again. */
void net_loop_resume(struct net_loop *loop);
/* As if a signal had come. */
void net_loop_interrupt(struct net_loop *loop);
/* Waits until a process ended, a datagram arrived (it is kept for the link's
 * next step), a signal came or `deadline` has passed. True unless it was the
 * deadline. May also return early without a cause, so look at the clock. */
bool net_loop_wait(struct net_loop *loop, uint64_t deadline);
uint64_t net_now(void);

/* ---- Processes ---- */

struct sandbox;
struct site;

struct process_options {
    const char *const *argv; /* argv[0] is the executable's path, or a name
                                that is looked up in the PATH of `env` */
    const char *const *env;  /* "NAME=value", NULL at the end; all of it.
                                NULL: the harness's own */
    const char *directory;   /* working directory, or NULL */
    const char *log;         /* standard output and error are appended to this
                                file; NULL: they go where the harness's go */
    bool output;             /* keep standard output in memory instead (at most
                                16 MiB); standard error still goes to `log` */
    const struct site *site; /* namespaces to start it in; NULL: our own */
};

struct process;
/* Starts a process in a session of its own, its standard input empty. That the
 * executable does not exist or is not executable is an error here. */
struct process *process_start(struct net_loop *loop,
                              const struct process_options *options,
                              struct error *error);
/* Runs the loop until it has ended. False, with the reason, after `deadline`
 * or a signal; it is still running then. */
bool process_wait(struct process *process, uint64_t deadline,
                  struct error *error);
bool process_ended(const struct process *process);
/* Of a process that has ended: its exit status, or 128 + the signal. */
int process_status(const struct process *process);
/* The same for a person: "exit status 1", "signal 11 (Segmentation fault)".
 * Returns `text`. */
char *process_end(const struct process *process, char *text, size_t size);
/* What it wrote to standard output (option `output`); complete once it has
 * ended. Borrowed until process_free. */
struct bytes process_output(const struct process *process);
/* Sends a signal to the process and everything in its process group, also
 * when the process itself has ended already. */
void process_signal(struct process *process, int number);
/* Kills its process group and reaps it, if it has not ended. NULL is fine. */
void process_free(struct process *process);
/* All in one: starts it, waits for it, and fails unless it exits with 0. */
bool process_run(struct net_loop *loop, const struct process_options *options,
                 uint64_t deadline, struct error *error);

/* ---- Sandbox: namespaces without root ---- */

/*
 *   harness site                      gateway site
 *   cf0 192.0.2.1/24  <--- veth --->  gw0 192.0.2.2/24
 *   (198.51.100.0/24 is inside         lo  203.0.113.1/32, answers inside
 *    the tunnel on our side)               the tunnel
 *
 * With ipv6 also 2001:db8::1/64, 2001:db8::2/64 and, behind the gateway,
 * 2001:db8:203::1/128. No offloads: checksums in captures are whole.
 */
#define SANDBOX_HARNESS_INTERFACE "cf0"
#define SANDBOX_GATEWAY_INTERFACE "gw0"
#define SANDBOX_HARNESS_ADDRESS "192.0.2.1"
#define SANDBOX_GATEWAY_ADDRESS "192.0.2.2"
#define SANDBOX_HARNESS_NETWORK "198.51.100.0/24"
#define SANDBOX_GATEWAY_NETWORK "203.0.113.0/24"
#define SANDBOX_GATEWAY_INNER "203.0.113.1"
#define SANDBOX_HARNESS_ADDRESS6 "2001:db8::1"
#define SANDBOX_GATEWAY_ADDRESS6 "2001:db8::2"
#define SANDBOX_HARNESS_NETWORK6 "2001:db8:198::/48"
#define SANDBOX_GATEWAY_NETWORK6 "2001:db8:203::/48"
#define SANDBOX_GATEWAY_INNER6 "2001:db8:203::1"

struct sandbox_options {
    bool ipv6;
    /* An existing folder that stays visible under its absolute path in every
     * site, even when it lies in /run; or NULL. */
    const char *run_directory;
};

/* The scenario: returns the exit status (0 to 255) of its process. */
typedef int sandbox_body_fn(void *context, struct sandbox *sandbox);

/* Runs `body` as process 1 of new user, process, mount and network namespaces,
 * in the harness site. Nothing started inside outlives it, and it does not
 * outlive the caller, whatever signal ends the caller. Root keeps its own user
 * namespace. Where the system forbids user namespaces, the error names the
 * setting, its value and the command that works instead. Returns once
 * everything is set up; then it is a process like any other. */
struct process *sandbox_spawn(struct net_loop *loop,
                              const struct sandbox_options *options,
                              sandbox_body_fn *body, void *context,
                              struct error *error);

/* Whether sandbox_spawn can work here, tried out: the error is its error. */
bool sandbox_possible(struct error *error);

/* The site of the gateway: a network namespace and a mount namespace, with an
 * empty /run and /tmp as outside. Owned by the sandbox. */
const struct site *sandbox_gateway(const struct sandbox *sandbox);
/* One more site with nothing but `lo` (up), for clusters and pairs. */
const struct site *sandbox_add_site(struct sandbox *sandbox,
                                    struct error *error);
/* A pair of Ethernet interfaces between two sites (NULL: the harness), both
 * up, offloads off. Names are at most 15 characters. */
bool sandbox_connect(struct sandbox *sandbox, const struct site *a,
                     const char *name_a, const struct site *b,
                     const char *name_b, struct error *error);
/* Runs lines of `ip -batch` in a site (NULL: the harness). */
bool sandbox_ip(struct sandbox *sandbox, const struct site *site,
                const char *lines, struct error *error);
/* Gives an interface of a site (NULL: the harness) one more address. */
bool sandbox_add_address(struct sandbox *sandbox, const struct site *site,
                         const char *interface, const struct address *address,
                         unsigned prefix, struct error *error);
bool sandbox_remove_address(struct sandbox *sandbox, const struct site *site,
                            const char *interface,
                            const struct address *address, unsigned prefix,
                            struct error *error);

/* ---- Sockets ---- */

/* A link over real sockets. Its step returns true when datagrams were handed
 * over; false at the deadline, on a signal, or early because a process on the
 * same loop ended. Freed with link->ops->free, before the loop. */
struct link *net_link_open(struct net_loop *loop, struct error *error);
/* Binds UDP ports 500 and 4500 of an address that one of our interfaces has,
 * and IP protocol 50 on it. Needs root, or a sandbox. */
bool net_link_add_address(struct link *link, const struct address *address,
                          struct error *error);
/* Binds one more UDP port. Port 0 takes a free one; `at` receives it. */
bool net_link_add_port(struct link *link, struct endpoint *at,
                       struct error *error);
/* Closes every socket of an address: what arrives for it is no longer ours.
 * False if there was none. */
bool net_link_remove_address(struct link *link, const struct address *address);

/* ---- Live capture ---- */

/* A frame with link-layer header. `frame` is borrowed for the call;
 * `original_size` is the size on the wire. */
typedef void capture_frame_fn(void *context, uint64_t time, struct bytes frame,
                              size_t original_size);

struct capture_options {
    const char *interface; /* of our own network namespace */
    const char *filter;    /* pcap-filter(7), or NULL for every frame */
    capture_frame_fn *frame;
    void *context;
};

struct capture_statistics {
    uint64_t frames;  /* handed to the callback */
    uint64_t dropped; /* lost for want of buffers, by kernel or interface */
};

struct capture;
/* Captures from now on, both directions, in the order of sending: a frame that
 * a later send answers comes first. Frames are handed over whenever the loop
 * runs. */
struct capture *capture_open(struct net_loop *loop,
                             const struct capture_options *options,
                             struct error *error);
/* LINKTYPE_ value of the frames (1: Ethernet). */
uint32_t capture_linktype(const struct capture *capture);
/* Hands over everything that passed before the call. False if the capture
 * broke at any time before; frames that came before were handed over. */
bool capture_drain(struct capture *capture, struct error *error);
bool capture_statistics(const struct capture *capture,
                        struct capture_statistics *out, struct error *error);
/* Without draining. NULL is fine. */
void capture_close(struct capture *capture);

#endif
