/* Which format a capture has, from its first octets. */
#include "trace/capture_private.h"
#include "trace/pcapng_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static ssize_t read_some(int descriptor, void *into, size_t size)
{
    ssize_t n;

    do
        n = read(descriptor, into, size);
    while (n < 0 && errno == EINTR);
    return n;
}

ssize_t input_read(struct input *input, void *into, size_t size)
{
    size_t left = input->head_size - input->head_taken;

    if (left == 0)
        return read_some(input->descriptor, into, size);
    size_t n = left < size ? left : size;
    memcpy(into, input->head + input->head_taken, n);
    input->head_taken += n;
    return (ssize_t)n;
}

void input_close(struct input *input)
{
    if (input->descriptor != STDIN_FILENO)
        close(input->descriptor);
    free(input->path);
    *input = (struct input){.descriptor = -1};
}

static bool input_open(struct input *input, const char *path,
                       struct error *error)
{
    bool is_stdin = strcmp(path, "-") == 0;

    *input = (struct input){
        .descriptor =
            is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC),
    };
    if (input->descriptor < 0)
        return error_set(error, "%s: %s", path, strerror(errno));
    input->path = memory_text(is_stdin ? "standard input" : path);
    while (input->head_size < sizeof input->head) {
        ssize_t n = read_some(input->descriptor, input->head + input->head_size,
                              sizeof input->head - input->head_size);
        if (n < 0)
            return error_set(error, "%s: %s", input->path, strerror(errno));
        if (n == 0)
            return error_set(error, "%s: too short for a capture (%zu < %zu)",
                             input->path, input->head_size, sizeof input->head);
        input->head_size += (size_t)n;
    }
    return true;
}

struct capture *capture_file_open(const char *path, struct error *error)
{
    struct input input;

    if (!input_open(&input, path, error)) {
        if (input.descriptor >= 0)
            input_close(&input);
        return NULL;
    }
    if (read_u32(input.head) == PCAPNG_SECTION_HEADER)
        return capture_open_pcapng(&input, error);
    return capture_open_pcap(&input, error);
}

enum capture_result capture_next(struct capture *capture, struct frame *frame,
                                 struct error *error)
{
    return capture->ops->next(capture, frame, error);
}

uint64_t capture_dropped(struct capture *capture)
{
    return capture->ops->dropped ? capture->ops->dropped(capture) : 0;
}

void capture_free(struct capture *capture)
{
    if (capture)
        capture->ops->free(capture);
}
