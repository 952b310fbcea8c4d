/* A link over sockets: one for each local address and port. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/net_private.h"

/* What waits for a step is bounded, like a kernel's socket buffer; more than
 * one scenario could ever send within a step. */
enum {
    QUEUE_LIMIT = 64 * 1024 * 1024,
    DATAGRAM_LIMIT = 65535,
    READS_AT_ONCE = 64,
    SEND_WAIT_MS = 1000,
    SOCKET_BUFFER = 4 * 1024 * 1024,
};

struct local_socket {
    struct local_socket *next;
    struct net_link *link;
    enum carrier carrier;
    struct endpoint at; /* port 0 for CARRIER_ESP */
    struct poller *poller;
};

struct arrival {
    struct arrival *next;
    struct datagram datagram;
    uint8_t octets[];
};

struct net_link {
    struct link link; /* first, so that the one is the other */
    struct net_loop *loop;
    struct local_socket *sockets;
    struct arrival *first;
    struct arrival **last;
    size_t queued; /* octets */
    uint8_t buffer[DATAGRAM_LIMIT];
};

static struct net_link *of_link(struct link *link)
{
    return (struct net_link *)link;
}

/* ---- Socket addresses ---- */

union any_address {
    struct sockaddr generic;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static socklen_t to_socket(const struct endpoint *at, union any_address *out)
{
    memset(out, 0, sizeof *out);
    if (at->address.family == 4) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(at->port);
        memcpy(&out->v4.sin_addr, at->address.octets, 4);
        return sizeof out->v4;
    }
    out->v6.sin6_family = AF_INET6;
    out->v6.sin6_port = htons(at->port);
    memcpy(&out->v6.sin6_addr, at->address.octets, 16);
    return sizeof out->v6;
}

static struct endpoint from_socket(const union any_address *in)
{
    struct endpoint at = {0};

    if (in->generic.sa_family == AF_INET) {
        at.address.family = 4;
        at.port = ntohs(in->v4.sin_port);
        memcpy(at.address.octets, &in->v4.sin_addr, 4);
    } else {
        at.address.family = 6;
        at.port = ntohs(in->v6.sin6_port);
        memcpy(at.address.octets, &in->v6.sin6_addr, 16);
    }
    return at;
}

/* ---- Receiving ---- */

static void enqueue(struct local_socket *socket, const struct endpoint *source,
                    struct bytes payload)
{
    struct net_link *link = socket->link;
    struct arrival *arrival;

    if (link->queued + payload.size > QUEUE_LIMIT)
        return;
    arrival = memory_take(sizeof *arrival + payload.size);
    if (payload.size > 0)
        memcpy(arrival->octets, payload.data, payload.size);
    arrival->datagram = (struct datagram){
        .carrier = socket->carrier,
        .source = *source,
        .destination = socket->at,
        .payload = bytes_of(arrival->octets, payload.size),
    };
    if (socket->carrier == CARRIER_ESP)
        arrival->datagram.source.port = 0;
    *link->last = arrival;
    link->last = &arrival->next;
    link->queued += payload.size;
    link->loop->woken = true;
}

/* A raw IPv4 socket shows the IP header as well (raw(7)). */
static struct bytes strip_header(const struct local_socket *socket,
                                 struct bytes octets)
{
    if (socket->carrier != CARRIER_ESP || socket->at.address.family != 4 ||
        octets.size == 0)
        return octets;
    return bytes_slice(octets, (size_t)(octets.data[0] & 0x0f) * 4,
                       octets.size);
}

static void socket_ready(void *context)
{
    struct local_socket *socket = context;
    struct net_link *link = socket->link;

    for (int i = 0; i < READS_AT_ONCE; i++) {
        union any_address from = {0};
        socklen_t from_size = sizeof from;
        ssize_t size =
            recvfrom(poller_fd(socket->poller), link->buffer,
                     sizeof link->buffer, 0, &from.generic, &from_size);
        if (size < 0)
            return; /* nothing there, or an ICMP error that was reported */
        struct endpoint source = from_socket(&from);
        enqueue(socket, &source,
                strip_header(socket, bytes_of(link->buffer, (size_t)size)));
    }
}

/* Hands over what had arrived when it was called. */
static bool deliver(struct net_link *link)
{
    struct arrival *arrival = link->first;
    bool any = arrival != NULL;

    link->first = NULL;
    link->last = &link->first;
    link->queued = 0;
    while (arrival != NULL) {
        struct arrival *next = arrival->next;
        if (link->link.receive != NULL)
            link->link.receive(link->link.receive_context, &arrival->datagram);
        free(arrival);
        arrival = next;
    }
    return any;
}

static bool net_step(struct link *base, uint64_t deadline)
{
    struct net_link *link = of_link(base);
    uint64_t ends = link->loop->process_ends;
    bool any;

    if (link->first != NULL)
        deadline = 0; /* take what is there, and what else has come */
    do
        loop_run(link->loop, deadline);
    while (link->first == NULL && !link->loop->interrupted &&
           link->loop->process_ends == ends && net_now() < deadline);
    any = deliver(link);
    base->interrupted = link->loop->interrupted;
    return any;
}

/* ---- Sending ---- */

static const struct local_socket *find_socket(const struct net_link *link,
                                              const struct datagram *datagram)
{
    for (const struct local_socket *at = link->sockets; at != NULL;
         at = at->next)
        if (at->carrier == datagram->carrier &&
            address_equal(&at->at.address, &datagram->source.address) &&
            (at->carrier == CARRIER_ESP ||
             at->at.port == datagram->source.port))
            return at;
    return NULL;
}

static bool send_now(int fd, const struct datagram *datagram)
{
    struct endpoint destination = datagram->destination;
    union any_address to;
    socklen_t to_size;
    ssize_t size;

    if (datagram->carrier == CARRIER_ESP)
        destination.port = 0;
    to_size = to_socket(&destination, &to);
    for (;;) {
        size = sendto(fd, datagram->payload.data, datagram->payload.size, 0,
                      &to.generic, to_size);
        if (size >= 0)
            return true;
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        if (errno != EAGAIN || poll(&wait, 1, SEND_WAIT_MS) <= 0)
            return false;
    }
}

static bool net_send(struct link *base, const struct datagram *datagram,
                     struct error *error)
{
    const struct local_socket *socket = find_socket(of_link(base), datagram);
    char from[ENDPOINT_TEXT], to[ENDPOINT_TEXT];

    endpoint_to_text(&datagram->source, from, sizeof from);
    endpoint_to_text(&datagram->destination, to, sizeof to);
    if (socket == NULL)
        return error_set(error, "sending from %s: no socket is bound to it",
                         from);
    if (!send_now(poller_fd(socket->poller), datagram))
        return error_set(error, "sending %zu octets from %s to %s: %s",
                         datagram->payload.size, from, to, strerror(errno));
    return true;
}

/* ---- Binding ---- */

static void set_option(int fd, int level, int name, int value)
{
    setsockopt(fd, level, name, &value, sizeof value);
}

/* Large messages go out in IP fragments, as IKE without RFC 7383 needs it. */
static void set_options(int fd, uint8_t family)
{
    set_option(fd, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER);
    if (family == 4) {
        set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
    } else {
        set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
        set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
    }
}

static bool bind_error(const struct endpoint *at, int number,
                       struct error *error)
{
    char text[ENDPOINT_TEXT];

    endpoint_to_text(at, text, sizeof text);
    if (number == EACCES || number == EPERM)
        return error_set(error,
                         "binding %s: %s; use `sudo counterfoil run ...`, or "
                         "a gateway that runs in a sandbox",
                         text, strerror(number));
    return error_set(error, "binding %s: %s", text, strerror(number));
}

static bool add_socket(struct net_link *link, enum carrier carrier,
                       struct endpoint *at, struct error *error)
{
    bool raw = carrier == CARRIER_ESP;
    union any_address name;
    socklen_t size = to_socket(at, &name);
    int fd =
        socket(name.generic.sa_family,
               (raw ? SOCK_RAW : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC,
               raw ? IPPROTO_ESP : IPPROTO_UDP);

    if (fd < 0)
        return bind_error(at, errno, error);
    set_options(fd, at->address.family);
    if (bind(fd, &name.generic, size) < 0 ||
        getsockname(fd, &name.generic, &size) < 0) {
        bind_error(at, errno, error);
        close(fd);
        return false;
    }
    if (!raw)
        *at = from_socket(&name);
    struct local_socket *local = memory_take(sizeof *local);
    *local = (struct local_socket){link->sockets, link, carrier, *at, NULL};
    local->poller = poller_new(link->loop, fd, socket_ready, local, error);
    if (local->poller == NULL) {
        free(local);
        return false;
    }
    link->sockets = local;
    return true;
}

bool net_link_add_port(struct link *link, struct endpoint *at,
                       struct error *error)
{
    return add_socket(of_link(link), CARRIER_UDP, at, error);
}

bool net_link_add_address(struct link *link, const struct address *address,
                          struct error *error)
{
    struct endpoint ike = {*address, PORT_IKE};
    struct endpoint nat = {*address, PORT_IKE_NAT};
    struct endpoint esp = {*address, 0};

    if (add_socket(of_link(link), CARRIER_UDP, &ike, error) &&
        add_socket(of_link(link), CARRIER_UDP, &nat, error) &&
        add_socket(of_link(link), CARRIER_ESP, &esp, error))
        return true;
    net_link_remove_address(link, address);
    return false;
}

bool net_link_remove_address(struct link *link, const struct address *address)
{
    struct local_socket **at = &of_link(link)->sockets;
    bool any = false;

    while (*at != NULL) {
        struct local_socket *socket = *at;
        if (!address_equal(&socket->at.address, address)) {
            at = &socket->next;
            continue;
        }
        *at = socket->next;
        poller_free(socket->poller);
        free(socket);
        any = true;
    }
    return any;
}

/* ---- The link ---- */

static uint64_t net_link_now(const struct link *link)
{
    (void)link;
    return net_now();
}

static void net_link_free(struct link *base)
{
    struct net_link *link = of_link(base);

    while (link->sockets != NULL) {
        struct address address = link->sockets->at.address;
        net_link_remove_address(base, &address);
    }
    link->link.receive = NULL;
    deliver(link);
    free(link);
}

static const struct link_ops net_ops = {net_send, net_link_now, net_step,
                                        net_link_free};

struct link *net_link_open(struct net_loop *loop, struct error *error)
{
    struct net_link *link = memory_take(sizeof *link);

    (void)error;
    link->link.ops = &net_ops;
    link->loop = loop;
    link->last = &link->first;
    return &link->link;
}
