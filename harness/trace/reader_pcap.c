/* Classic pcap in all its variants, through libpcap. */
#include "trace/capture_private.h"

#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

enum { READ_AHEAD = 256 << 10 };

struct pcap_capture {
    struct capture capture;
    struct input input;
    pcap_t *pcap;
    uint64_t frames;
    uint32_t linktype;
};

static ssize_t read_cookie(void *cookie, char *into, size_t size)
{
    return input_read(cookie, into, size);
}

static enum capture_result pcap_capture_next(struct capture *capture,
                                             struct frame *frame,
                                             struct error *error)
{
    struct pcap_capture *own = (struct pcap_capture *)capture;
    struct pcap_pkthdr *header;
    const uint8_t *octets;

    switch (pcap_next_ex(own->pcap, &header, &octets)) {
    case 1:
        break;
    case PCAP_ERROR_BREAK:
        return CAPTURE_END;
    default:
        error_set(error, "%s: frame %llu: %s", own->input.path,
                  (unsigned long long)own->frames + 1, pcap_geterr(own->pcap));
        return CAPTURE_BROKEN;
    }
    *frame = (struct frame){
        .number = ++own->frames,
        /* Seconds are 32 bits in the file, without a sign. */
        .time = (uint64_t)(uint32_t)header->ts.tv_sec * 1000000000u +
                (uint64_t)(uint32_t)header->ts.tv_usec,
        .linktype = own->linktype,
        .octets = bytes_of(octets, header->caplen),
        .original_size = header->len,
    };
    return CAPTURE_FRAME;
}

static void pcap_capture_free(struct capture *capture)
{
    struct pcap_capture *own = (struct pcap_capture *)capture;

    if (own->pcap)
        pcap_close(own->pcap); /* closes the FILE as well */
    input_close(&own->input);
    free(own);
}

static const struct capture_ops pcap_ops = {pcap_capture_next,
                                            pcap_capture_free, NULL};

struct capture *capture_open_pcap(struct input *input, struct error *error)
{
    struct pcap_capture *own = memory_take(sizeof *own);
    char reason[PCAP_ERRBUF_SIZE] = "";
    const cookie_io_functions_t functions = {.read = read_cookie};
    FILE *file;

    own->capture.ops = &pcap_ops;
    own->input = *input;
    file = fopencookie(&own->input, "r", functions);
    if (file) {
        setvbuf(file, NULL, _IOFBF, READ_AHEAD);
        own->pcap = pcap_fopen_offline_with_tstamp_precision(
            file, PCAP_TSTAMP_PRECISION_NANO, reason);
        if (!own->pcap)
            fclose(file);
    }
    if (!own->pcap) {
        error_set(error, "%s: %.140s (begins with 0x%08x)", own->input.path,
                  reason, read_u32(own->input.head));
        pcap_capture_free(&own->capture);
        return NULL;
    }
    own->linktype = (uint32_t)pcap_datalink(own->pcap);
    return &own->capture;
}
