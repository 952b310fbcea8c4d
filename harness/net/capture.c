/* Live capture with libpcap, driven by the loop. */
#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/net_private.h"

/* 8 MiB hold some thousand frames of a veth; the loop empties it in time. */
enum { BUFFER_SIZE = 8 * 1024 * 1024, SNAP_LENGTH = 65535, BATCH = 1024 };

struct capture {
    struct net_loop *loop;
    struct capture_options options;
    pcap_t *pcap;
    struct poller *poller;
    uint64_t frames;
    bool nanoseconds;
    bool broken;
    struct error error;
};

static void frame_captured(uint8_t *context, const struct pcap_pkthdr *header,
                           const uint8_t *octets)
{
    union {
        uint8_t *octets;
        struct capture *capture;
    } at = {context};
    struct capture *capture = at.capture;
    uint64_t fraction = (uint64_t)header->ts.tv_usec;
    uint64_t time = (uint64_t)header->ts.tv_sec * NS_PER_S +
                    (capture->nanoseconds ? fraction : fraction * 1000);

    capture->frames++;
    capture->options.frame(capture->options.context, time,
                           bytes_of(octets, header->caplen), header->len);
}

/* Hands over up to BATCH frames; how many, or -1. */
static int dispatch(struct capture *capture)
{
    union {
        struct capture *capture;
        uint8_t *octets;
    } at = {capture};
    int count;

    if (capture->broken)
        return -1;
    count = pcap_dispatch(capture->pcap, BATCH, frame_captured, at.octets);
    if (count < 0) {
        error_set(&capture->error, "capture on %s: %s",
                  capture->options.interface, pcap_geterr(capture->pcap));
        capture->broken = true;
    }
    return count;
}

static void frames_ready(void *context)
{
    struct capture *capture = context;

    if (dispatch(capture) >= 0)
        return;
    poller_free(capture->poller);
    capture->poller = NULL;
}

/* ---- Opening ---- */

static bool activate(struct capture *capture, struct error *error)
{
    pcap_t *pcap = capture->pcap;
    int result;

    pcap_set_snaplen(pcap, SNAP_LENGTH);
    pcap_set_promisc(pcap, 1);
    pcap_set_immediate_mode(pcap, 1);
    pcap_set_buffer_size(pcap, BUFFER_SIZE);
    capture->nanoseconds =
        pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO) == 0;
    result = pcap_activate(pcap);
    if (result < 0)
        return error_set(error, "capture on %s: %s (%s)",
                         capture->options.interface, pcap_statustostr(result),
                         pcap_geterr(pcap));
    return true;
}

static bool set_filter(struct capture *capture, struct error *error)
{
    struct bpf_program program;

    if (capture->options.filter == NULL)
        return true;
    if (pcap_compile(capture->pcap, &program, capture->options.filter, 1,
                     PCAP_NETMASK_UNKNOWN) < 0)
        return error_set(error, "capture filter \"%s\": %s",
                         capture->options.filter, pcap_geterr(capture->pcap));
    if (pcap_setfilter(capture->pcap, &program) < 0)
        error_set(error, "capture filter \"%s\": %s", capture->options.filter,
                  pcap_geterr(capture->pcap));
    else
        capture->options.filter = NULL; /* the caller's; not needed again */
    pcap_freecode(&program);
    return capture->options.filter == NULL;
}

static bool watch(struct capture *capture, struct error *error)
{
    char text[PCAP_ERRBUF_SIZE];
    int fd;

    if (pcap_setnonblock(capture->pcap, 1, text) < 0)
        return error_set(error, "capture: %s", text);
    /* The poller owns its descriptor, and so does libpcap. */
    fd = fcntl(pcap_get_selectable_fd(capture->pcap), F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return error_set(error, "capture: %s", strerror(errno));
    capture->poller =
        poller_new(capture->loop, fd, frames_ready, capture, error);
    return capture->poller != NULL;
}

struct capture *capture_open(struct net_loop *loop,
                             const struct capture_options *options,
                             struct error *error)
{
    struct capture *capture = memory_take(sizeof *capture);
    char text[PCAP_ERRBUF_SIZE];

    capture->loop = loop;
    capture->options = *options;
    capture->options.interface = memory_text(options->interface);
    capture->pcap = pcap_create(options->interface, text);
    if (capture->pcap == NULL)
        error_set(error, "capture on %s: %s", options->interface, text);
    if (capture->pcap == NULL || !activate(capture, error) ||
        !set_filter(capture, error) || !watch(capture, error)) {
        capture_close(capture);
        return NULL;
    }
    return capture;
}

/* ---- Using ---- */

uint32_t capture_linktype(const struct capture *capture)
{
    return (uint32_t)pcap_datalink(capture->pcap);
}

bool capture_drain(struct capture *capture, struct error *error)
{
    while (dispatch(capture) > 0)
        ;
    if (capture->broken)
        return error_set(error, "%s", capture->error.text);
    return true;
}

bool capture_statistics(const struct capture *capture,
                        struct capture_statistics *out, struct error *error)
{
    struct pcap_stat statistics;

    if (pcap_stats(capture->pcap, &statistics) < 0)
        return error_set(error, "capture statistics: %s",
                         pcap_geterr(capture->pcap));
    out->frames = capture->frames;
    out->dropped = (uint64_t)statistics.ps_drop + statistics.ps_ifdrop;
    return true;
}

void capture_close(struct capture *capture)
{
    union {
        const char *in;
        void *out;
    } interface;

    if (capture == NULL)
        return;
    poller_free(capture->poller);
    if (capture->pcap != NULL)
        pcap_close(capture->pcap);
    interface.in = capture->options.interface;
    free(interface.out);
    free(capture);
}
