/* One capture file, frame by frame, whatever its format. */
#ifndef COUNTERFOIL_TRACE_CAPTURE_PRIVATE_H
#define COUNTERFOIL_TRACE_CAPTURE_PRIVATE_H

#include "wire/bytes.h"

#include <stdio.h>
#include <sys/types.h>

struct frame {
    uint64_t number; /* from 1, as Wireshark counts */
    uint64_t time;   /* ns since the epoch */
    uint32_t linktype;
    bool no_packet;       /* a numbered block that holds no packet */
    struct bytes octets;  /* valid until the next frame of this file */
    size_t original_size; /* on the wire */
    struct bytes comment;
};

enum capture_result { CAPTURE_FRAME, CAPTURE_END, CAPTURE_BROKEN };

/* An open file and what has been read of it to learn its format. */
struct input {
    int descriptor;
    uint8_t head[4];
    size_t head_size, head_taken;
    char *path;
};

/* As read(2): the head again first. */
ssize_t input_read(struct input *input, void *into, size_t size);
void input_close(struct input *input);

struct capture;
struct capture_ops {
    enum capture_result (*next)(struct capture *capture, struct frame *frame,
                                struct error *error);
    void (*free)(struct capture *capture);
    uint64_t (*dropped)(struct capture *capture); /* NULL: none */
};

/* The common head of both readers. */
struct capture {
    const struct capture_ops *ops;
};

/* Finds out the format; "-" is standard input. NULL with `error`. */
struct capture *capture_file_open(const char *path, struct error *error);
enum capture_result capture_next(struct capture *capture, struct frame *frame,
                                 struct error *error);
/* Frames that a live capture lost. */
uint64_t capture_dropped(struct capture *capture);
void capture_free(struct capture *capture);

/* Take `input` over, on failure too. */
struct capture *capture_open_pcap(struct input *input, struct error *error);
struct capture *capture_open_pcapng(struct input *input, struct error *error);

struct trace_live;
struct capture *capture_open_live(const struct trace_live *live,
                                  struct error *error);

#endif
