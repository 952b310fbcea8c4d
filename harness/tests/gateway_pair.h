/*
 * Two gateways of one adapter against each other, with a bridge and a capture
 * of ours between them and no engine: 192.0.2.1 ("left", in front of
 * 198.51.100.1) and 192.0.2.2 ("right", in front of 203.0.113.1). Leaves a
 * folder like that of a run: trace.pcapng, both key tables, events.jsonl, and
 * left/ and right/ with configuration and logs.
 *
 * A program that includes this calls pair_helper first in main.
 */
#ifndef COUNTERFOIL_TESTS_GATEWAY_PAIR_H
#define COUNTERFOIL_TESTS_GATEWAY_PAIR_H

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateways/gateways.h"
#include "trace/trace.h"

enum { PAIR_OPTIONS = 16, PAIR_SECONDS = 20, PAIR_PINGS = 5 };

struct pair_options {
    const char *gateway;   /* name or folder of the adapter */
    const char *directory; /* exists, is empty; absolute */
    const char *auth;      /* psk, rsa or ecdsa */
    bool rekey;            /* each side rekeys both kinds */
    bool crash;            /* the right one crashes and recovers first */
    /* name and value of what is set on both sides; NULL at the end */
    const char *set[PAIR_OPTIONS][2];
};

#define PAIR_LEFT "192.0.2.1"
#define PAIR_RIGHT "192.0.2.2"
#define PAIR_LEFT_INNER "198.51.100.1"
#define PAIR_RIGHT_INNER "203.0.113.1"

/* ---- Echo requests, sent by a process in the left site ---- */

static inline bool pair_is_reply(struct bytes octets, uint16_t sequence)
{
    struct inner_packet inner;
    struct error error;

    return packet_decode_inner(octets, &inner, &error) && inner.echo_reply &&
           inner.sequence == sequence;
}

static inline int pair_ping(uint16_t first)
{
    int in = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
    int out = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    struct sockaddr_in to = {.sin_family = AF_INET};
    struct address source, destination;
    uint8_t octets[2048];

    address_parse(PAIR_LEFT_INNER, &source);
    address_parse(PAIR_RIGHT_INNER, &destination);
    memcpy(&to.sin_addr, destination.octets, 4);
    for (uint16_t i = 0; i < PAIR_PINGS; i++) {
        struct buffer packet = {0};
        struct pollfd wait = {.fd = in, .events = POLLIN};
        uint16_t sequence = (uint16_t)(first + i);
        bool answered = false;
        packet_icmp_echo(&packet, false, &source, &destination, 7, sequence,
                         bytes_of_string("counterfoil"));
        if (sendto(out, packet.data, packet.size, 0, (struct sockaddr *)&to,
                   sizeof to) < 0)
            perror("echo request");
        buffer_free(&packet);
        while (!answered && poll(&wait, 1, 2000) > 0) {
            ssize_t size = recv(in, octets, sizeof octets, 0);
            answered = size > 0 &&
                       pair_is_reply(bytes_of(octets, (size_t)size), sequence);
        }
        if (!answered) {
            fprintf(stderr, "echo request %u was not answered\n", sequence);
            return 1;
        }
    }
    return 0;
}

/* The helper's exit status, or -1 where main is to go on. */
static inline int pair_helper(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "pair-ping") == 0)
        return pair_ping((uint16_t)atoi(argv[2]));
    return -1;
}

/* ---- In the sandbox ---- */

struct pair {
    const struct pair_options *options;
    struct sandbox *sandbox;
    struct net_loop *loop;
    struct capture *capture;
    struct trace_writer *writer;
    struct trace_events *events;
    const struct site *left_site;
    struct gateway *left, *right;
    uint64_t deadline;
    size_t frames;
    unsigned pings;
    bool write_failed;
};

static inline void pair_frame(void *context, uint64_t time, struct bytes frame,
                              size_t original_size)
{
    struct pair *pair = context;

    pair->frames++;
    if (!trace_writer_frame(pair->writer, time, frame, original_size, NULL,
                            NULL))
        pair->write_failed = true;
}

/* A bridge in our own site, and the left gateway's site on it. */
static inline bool pair_wire(struct pair *pair, struct error *error)
{
    struct sandbox *sandbox = pair->sandbox;

    pair->left_site = sandbox_add_site(sandbox, error);
    return pair->left_site != NULL &&
           sandbox_connect(sandbox, NULL, "cf1", pair->left_site, "gw0",
                           error) &&
           sandbox_ip(sandbox, NULL,
                      "addr flush dev cf0\n"
                      "link add name br0 type bridge mcast_snooping 0\n"
                      "link set dev cf0 master br0\n"
                      "link set dev cf1 master br0\n"
                      "link set dev br0 up\n",
                      error) &&
           sandbox_ip(sandbox, pair->left_site,
                      "addr add " PAIR_LEFT "/24 dev gw0\n"
                      "addr add " PAIR_LEFT_INNER "/32 dev lo\n",
                      error);
}

static inline bool pair_note(struct pair *pair, json_t *note,
                             struct error *error)
{
    json_object_set_new(note, "time", json_integer((json_int_t)net_now()));
    return trace_events_add(pair->events, note, error);
}

static inline bool pair_record(struct pair *pair, struct error *error)
{
    const char *directory = pair->options->directory;
    char path[512];

    snprintf(path, sizeof path, "%s/trace.pcapng", directory);
    pair->writer = trace_writer_open(path, LINKTYPE_ETHERNET, error);
    snprintf(path, sizeof path, "%s/events.jsonl", directory);
    pair->events = trace_events_open(path, error);
    if (pair->writer == NULL || pair->events == NULL ||
        !pair_note(pair,
                   json_pack("{ss ss ss s[ss] s[]}", "event", "run", "gateway",
                             pair->options->gateway, "role", "peer",
                             "under_test", PAIR_LEFT, PAIR_RIGHT, "harness"),
                   error))
        return false;
    pair->capture = capture_open(pair->loop,
                                 &(struct capture_options){.interface = "cf0",
                                                           .frame = pair_frame,
                                                           .context = pair},
                                 error);
    return pair->capture != NULL;
}

static inline void pair_path(struct gateway *gateway, const char *option,
                             const char *directory, const char *file)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", directory, file);
    gateway_set(gateway, option, path);
}

/* Certificates are made before, by pair_certificates. */
static inline void pair_configure(const struct pair *pair,
                                  struct gateway *gateway, bool left)
{
    const char *directory = pair->options->directory;

    gateway_set(gateway, "role", left ? "initiator" : "responder");
    gateway_set(gateway, "local_address", left ? PAIR_LEFT : PAIR_RIGHT);
    gateway_set(gateway, "peer_address", left ? PAIR_RIGHT : PAIR_LEFT);
    gateway_set(gateway, "local_id", left ? "left.example" : "right.example");
    gateway_set(gateway, "peer_id", left ? "right.example" : "left.example");
    gateway_set(gateway, "local_ts",
                left ? SANDBOX_HARNESS_NETWORK : SANDBOX_GATEWAY_NETWORK);
    gateway_set(gateway, "peer_ts",
                left ? SANDBOX_GATEWAY_NETWORK : SANDBOX_HARNESS_NETWORK);
    gateway_set(gateway, "auth", pair->options->auth);
    gateway_set(gateway, "psk", "counterfoil pair secret");
    pair_path(gateway, "local_cert", directory,
              left ? "left.pem" : "right.pem");
    pair_path(gateway, "local_key", directory, left ? "left.key" : "right.key");
    pair_path(gateway, "ca", directory, "authority.pem");
    for (size_t i = 0; i < PAIR_OPTIONS && pair->options->set[i][0]; i++)
        gateway_set(gateway, pair->options->set[i][0],
                    pair->options->set[i][1]);
}

static inline struct gateway *pair_start(struct pair *pair, bool left,
                                         struct error *error)
{
    struct gateway *gateway = gateway_open(pair->options->gateway, error);
    char path[512];
    struct gateway_place place = {
        pair->loop, left ? pair->left_site : sandbox_gateway(pair->sandbox),
        path};

    snprintf(path, sizeof path, "%s/%s", pair->options->directory,
             left ? "left" : "right");
    if (gateway == NULL)
        return NULL;
    if (mkdir(path, 0755) < 0)
        error_set(error, "%s: %s", path, strerror(errno));
    else {
        pair_configure(pair, gateway, left);
        if (gateway_start(gateway, &place, pair->deadline, error))
            return gateway;
    }
    gateway_free(gateway);
    return NULL;
}

static inline bool pair_do(struct pair *pair, struct gateway *gateway,
                           const char *action, const char *argument,
                           struct error *error)
{
    struct process *process = gateway_action(gateway, action, argument, error);
    bool good = process != NULL && process_wait(process, pair->deadline, error);

    if (good && process_status(process) != 0)
        good = error_set(error, "%s: exit status %d", action,
                         process_status(process));
    process_free(process);
    return good;
}

/* Until no frame has come for 50 ms: the exchange and its deletes are over. */
static inline void pair_settle(struct pair *pair)
{
    size_t seen;

    do {
        uint64_t until = net_now() + 50 * NS_PER_MS;
        seen = pair->frames;
        while (net_now() < until && net_loop_wait(pair->loop, until) &&
               !net_loop_interrupted(pair->loop))
            ;
    } while (seen != pair->frames && net_now() < pair->deadline);
}

static inline bool pair_send_pings(struct pair *pair, struct error *error)
{
    char number[16], log[512];
    const char *argv[] = {"/proc/self/exe", "pair-ping", number, NULL};
    struct process_options options = {
        .argv = argv, .log = log, .site = pair->left_site};

    snprintf(log, sizeof log, "%s/ping.log", pair->options->directory);
    snprintf(number, sizeof number, "%u", pair->pings * PAIR_PINGS + 1);
    pair->pings++;
    return process_run(pair->loop, &options, pair->deadline, error);
}

static inline bool pair_rekey(struct pair *pair, struct gateway *gateway,
                              const char *what, struct error *error)
{
    if (!pair_do(pair, gateway, "rekey", what, error))
        return false;
    pair_settle(pair);
    return pair_send_pings(pair, error);
}

static inline bool pair_talk(struct pair *pair, struct error *error)
{
    bool rekey = pair->options->rekey;

    if (pair->options->crash &&
        (!pair_do(pair, pair->right, "fail", NULL, error) ||
         !pair_do(pair, pair->right, "recover", NULL, error)))
        return false;
    return (gateway_alive(pair->right) ||
            error_set(error, "the right gateway is dead")) &&
           pair_do(pair, pair->left, "initiate", NULL, error) &&
           pair_send_pings(pair, error) &&
           (!rekey || (pair_rekey(pair, pair->left, "child", error) &&
                       pair_rekey(pair, pair->right, "ike", error) &&
                       pair_rekey(pair, pair->right, "child", error) &&
                       pair_rekey(pair, pair->left, "ike", error)));
}

static inline bool pair_finish(struct pair *pair, struct error *error)
{
    struct capture_statistics statistics;

    if (!pair_do(pair, pair->right, "terminate", "ike", error))
        return false;
    pair_settle(pair);
    if (!gateway_write_keys(pair->left, pair->options->directory,
                            pair->deadline, error))
        return false;
    gateway_stop(pair->left, pair->deadline);
    gateway_stop(pair->right, pair->deadline);
    if (!capture_drain(pair->capture, error) ||
        !capture_statistics(pair->capture, &statistics, error) ||
        !pair_note(pair,
                   json_pack("{ss sI}", "event", "capture", "dropped",
                             (json_int_t)statistics.dropped),
                   error) ||
        !pair_note(pair, json_pack("{ss}", "event", "end"), error))
        return false;
    return !pair->write_failed || error_set(error, "trace.pcapng: not written");
}

/* Where another's keys are wanted as well, for comparison. */
static inline bool pair_other_keys(struct pair *pair, struct error *error)
{
    char path[512];

    snprintf(path, sizeof path, "%s/right", pair->options->directory);
    return gateway_write_keys(pair->right, path, pair->deadline, error);
}

static inline int pair_body(void *context, struct sandbox *sandbox)
{
    struct error error = {{0}};
    struct pair pair = {.options = context,
                        .sandbox = sandbox,
                        .deadline = net_now() + PAIR_SECONDS * NS_PER_S};
    bool good;

    pair.loop = net_loop_new(&error);
    good = pair.loop != NULL && pair_wire(&pair, &error) &&
           pair_record(&pair, &error) &&
           (pair.right = pair_start(&pair, false, &error)) != NULL &&
           (pair.left = pair_start(&pair, true, &error)) != NULL &&
           pair_talk(&pair, &error) && pair_other_keys(&pair, &error) &&
           pair_finish(&pair, &error);
    if (!good)
        fprintf(stderr, "pair: %s\n", error.text);
    gateway_free(pair.left);
    gateway_free(pair.right);
    capture_close(pair.capture);
    trace_writer_close(pair.writer, NULL);
    trace_events_close(pair.events, NULL);
    net_loop_free(pair.loop);
    return good ? 0 : 1;
}

/* ---- Outside ---- */

static inline bool pair_certificate(struct net_loop *loop,
                                    const struct pair_options *options,
                                    const char *name, struct error *error)
{
    char script[1024], log[512];
    const char *argv[] = {"sh", "-c", script, NULL};
    bool rsa = strcmp(options->auth, "rsa") == 0;
    bool authority = strcmp(name, "authority") == 0;

    snprintf(log, sizeof log, "%s/openssl.log", options->directory);
    snprintf(script, sizeof script,
             "openssl req -x509 -nodes -days 30 -newkey %s -subj "
             "/CN=%s.example -keyout %s.key -out %s.pem %s%s.example",
             rsa ? "rsa:2048" : "ec -pkeyopt ec_paramgen_curve:P-256", name,
             name, name,
             authority ? "-addext subjectAltName=DNS:"
                       : "-CA authority.pem -CAkey authority.key -addext "
                         "subjectAltName=DNS:",
             name);
    return process_run(
        loop,
        &(struct process_options){
            .argv = argv, .directory = options->directory, .log = log},
        net_now() + PAIR_SECONDS * NS_PER_S, error);
}

/* Runs it all. False, with the reason on standard error or in `error`. */
static inline bool pair_run(const struct pair_options *options,
                            struct error *error)
{
    struct sandbox_options sandbox = {.run_directory = options->directory};
    struct net_loop *loop = net_loop_new(error);
    struct process *process;
    union {
        const struct pair_options *in;
        void *out;
    } context = {options};
    bool good = loop != NULL;

    if (good && strcmp(options->auth, "psk") != 0)
        good = pair_certificate(loop, options, "authority", error) &&
               pair_certificate(loop, options, "left", error) &&
               pair_certificate(loop, options, "right", error);
    process = good
                  ? sandbox_spawn(loop, &sandbox, pair_body, context.out, error)
                  : NULL;
    good =
        process != NULL &&
        process_wait(process, net_now() + 2 * PAIR_SECONDS * NS_PER_S, error);
    if (good && process_status(process) != 0)
        good = error_set(error, "the pair's exit status is %d",
                         process_status(process));
    process_free(process);
    net_loop_free(loop);
    return good;
}

#endif
