/* A file that grows by whole records. */
#ifndef COUNTERFOIL_TRACE_OUTPUT_PRIVATE_H
#define COUNTERFOIL_TRACE_OUTPUT_PRIVATE_H

#include "wire/bytes.h"

struct output {
    int descriptor;
    char *path;
    uint64_t size; /* written so far, whole records only */
};

/* Creates or empties the file. */
bool output_open(struct output *output, const char *path, struct error *error);
/* One record, at once. When it does not fit, what was written of it is taken
 * back, so that the file stays readable. */
bool output_record(struct output *output, struct bytes record,
                   struct error *error);
bool output_close(struct output *output, struct error *error);

#endif
