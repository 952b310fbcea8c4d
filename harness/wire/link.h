/*
 * The one interface to the outside, offered by sim/ (virtual time) and net/
 * (sockets, real time). Nothing above it knows which one it has.
 *
 * Times are nanoseconds. With net/ they are CLOCK_REALTIME, so that they
 * compare with capture time stamps; with sim/ they start at a fixed date.
 */
#ifndef COUNTERFOIL_WIRE_LINK_H
#define COUNTERFOIL_WIRE_LINK_H

#include "wire/packet.h"

#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)
#define TIME_NEVER UINT64_MAX

struct link;

/* Called from within link_step. The payload is borrowed for the call. */
typedef void link_receive_fn(void *context, const struct datagram *datagram);

struct link_ops {
    bool (*send)(struct link *link, const struct datagram *datagram,
                 struct error *error);
    uint64_t (*now)(const struct link *link);
    /* Waits until something arrived (and was handed to the receiver) or
     * `deadline` has passed, whichever is first. True if something arrived.
     * Returns at once with `interrupted` set after SIGINT or SIGTERM. */
    bool (*step)(struct link *link, uint64_t deadline);
    void (*free)(struct link *link);
};

/* The common head of every link. */
struct link {
    const struct link_ops *ops;
    link_receive_fn *receive;
    void *receive_context;
    bool interrupted;
};

#endif
