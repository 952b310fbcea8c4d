/* A capture that is being made, through libpcap. */
#include "trace/trace_private.h"

#include <errno.h>
#include <linux/capability.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SNAP_LENGTH = 262144, BUFFER_SIZE = 32 << 20, LOOK_EVERY = 64 };

struct live_capture {
    struct capture capture;
    pcap_t *pcap;
    char *interface;
    uint64_t until;
    int stop;
    uint64_t frames;
    uint32_t linktype;
    uint64_t fraction; /* ns of one unit of tv_usec */
};

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_REALTIME, &time);
    return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}

static bool is_stopped(const struct live_capture *own)
{
    struct pollfd stop = {.fd = own->stop, .events = POLLIN};

    return poll(&stop, 1, 0) > 0;
}

/* Waits for frames. False at the end: the time is over, or one wants us to
 * stop. */
static bool wait_for_frames(const struct live_capture *own)
{
    struct pollfd waiting[2] = {
        {.fd = pcap_get_selectable_fd(own->pcap), .events = POLLIN},
        {.fd = own->stop, .events = POLLIN},
    };
    int left = -1; /* ms */

    if (own->until) {
        uint64_t time = now();
        if (time >= own->until)
            return false;
        uint64_t ms = (own->until - time + NS_PER_MS - 1) / NS_PER_MS;
        left = ms > 60000 ? 60000 : (int)ms;
    }
    if (poll(waiting, 2, left) < 0 && errno != EINTR)
        return false;
    return !(waiting[1].revents & POLLIN);
}

static enum capture_result live_next(struct capture *capture,
                                     struct frame *frame, struct error *error)
{
    struct live_capture *own = (struct live_capture *)capture;
    struct pcap_pkthdr *header;
    const uint8_t *octets;
    int result;

    if (own->frames % LOOK_EVERY == LOOK_EVERY - 1 && is_stopped(own))
        return CAPTURE_END; /* however many frames there are */
    while ((result = pcap_next_ex(own->pcap, &header, &octets)) == 0)
        if (!wait_for_frames(own))
            return CAPTURE_END;
    if (result != 1) {
        error_set(error, "%s: frame %llu: %s", own->interface,
                  (unsigned long long)own->frames + 1, pcap_geterr(own->pcap));
        return CAPTURE_BROKEN;
    }
    *frame = (struct frame){
        .number = ++own->frames,
        .time = (uint64_t)header->ts.tv_sec * NS_PER_S +
                (uint64_t)header->ts.tv_usec * own->fraction,
        .linktype = own->linktype,
        .octets = bytes_of(octets, header->caplen),
        .original_size = header->len,
    };
    if (own->until && frame->time > own->until)
        return CAPTURE_END;
    return CAPTURE_FRAME;
}

static uint64_t live_dropped(struct capture *capture)
{
    struct live_capture *own = (struct live_capture *)capture;
    struct pcap_stat statistics;

    if (pcap_stats(own->pcap, &statistics) < 0)
        return 0;
    return (uint64_t)statistics.ps_drop + statistics.ps_ifdrop;
}

static void live_free(struct capture *capture)
{
    struct live_capture *own = (struct live_capture *)capture;

    if (own->pcap)
        pcap_close(own->pcap);
    free(own->interface);
    free(own);
}

static const struct capture_ops live_ops = {live_next, live_free, live_dropped};

static bool refuse(const struct live_capture *own, int result,
                   struct error *error)
{
    if (result == PCAP_ERROR_PERM_DENIED)
        return error_set(error,
                         "%s: capturing is not permitted; it needs "
                         "CAP_NET_RAW (root, or setcap cap_net_raw+ep)",
                         own->interface);
    const char *what = pcap_statustostr(result);
    const char *detail = pcap_geterr(own->pcap);
    if (detail[0] == '\0' || strcmp(what, detail) == 0)
        return error_set(error, "%s: %s", own->interface, what);
    return error_set(error, "%s: %s: %.120s", own->interface, what, detail);
}

/* What comes from the network is read with no more rights than files need. */
static void drop_privileges(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{0}};

    /* Root's reports are written where root may write. */
    if (geteuid() == 0)
        data[0].effective = data[0].permitted = 1u << CAP_DAC_OVERRIDE;
    (void)syscall(SYS_capset, &header, data);
}

static bool activate(struct live_capture *own, struct error *error)
{
    char reason[PCAP_ERRBUF_SIZE] = "";
    int result;

    own->pcap = pcap_create(own->interface, reason);
    if (!own->pcap)
        return error_set(error, "%s: %.160s", own->interface, reason);
    pcap_set_snaplen(own->pcap, SNAP_LENGTH);
    pcap_set_promisc(own->pcap, 1);
    pcap_set_immediate_mode(own->pcap, 1);
    pcap_set_buffer_size(own->pcap, BUFFER_SIZE);
    own->fraction =
        pcap_set_tstamp_precision(own->pcap, PCAP_TSTAMP_PRECISION_NANO) == 0
            ? 1
            : 1000;
    result = pcap_activate(own->pcap);
    if (result < 0)
        return refuse(own, result, error);
    if (pcap_setnonblock(own->pcap, 1, reason) < 0)
        return error_set(error, "%s: %.160s", own->interface, reason);
    own->linktype = (uint32_t)pcap_datalink(own->pcap);
    return true;
}

struct capture *capture_open_live(const struct trace_live *live,
                                  struct error *error)
{
    struct live_capture *own = memory_take(sizeof *own);

    own->capture.ops = &live_ops;
    own->interface = memory_text(live->interface);
    own->until = live->until;
    own->stop = live->stop;
    if (!activate(own, error)) {
        live_free(&own->capture);
        return NULL;
    }
    drop_privileges();
    return &own->capture;
}
