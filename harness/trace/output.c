/* A file that grows by whole records. */
#include "trace/output_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool output_open(struct output *output, const char *path, struct error *error)
{
    *output = (struct output){
        .descriptor =
            open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666),
    };
    if (output->descriptor < 0)
        return error_set(error, "%s: %s", path, strerror(errno));
    output->path = memory_text(path);
    return true;
}

bool output_record(struct output *output, struct bytes record,
                   struct error *error)
{
    size_t done = 0;

    while (done < record.size) {
        ssize_t n =
            write(output->descriptor, record.data + done, record.size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        done += (size_t)n;
    }
    if (done < record.size) {
        error_set(error, "%s: %s (%zu of %zu octets written)", output->path,
                  strerror(errno), done, record.size);
        /* Not for pipes; there the reader sees a broken record anyway. */
        if (ftruncate(output->descriptor, (off_t)output->size) == 0)
            (void)lseek(output->descriptor, (off_t)output->size, SEEK_SET);
        return false;
    }
    output->size += record.size;
    return true;
}

bool output_close(struct output *output, struct error *error)
{
    int result = close(output->descriptor);
    bool ok = result == 0;

    if (!ok)
        error_set(error, "%s: %s", output->path, strerror(errno));
    free(output->path);
    return ok;
}
