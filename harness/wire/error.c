/* Errors are values: one line with the place and the numbers in it. */
#include "wire/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Here they are functions for the analyzer, too. */
#undef error_set
#undef error_prefix

bool error_set(struct error *error, const char *format, ...)
{
    if (!error)
        return false;
    /* The arguments may point into error->text. */
    char text[sizeof error->text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    memcpy(error->text, text, sizeof text);
    return false;
}

bool error_prefix(struct error *error, const char *format, ...)
{
    if (!error)
        return false;
    char text[sizeof error->text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    /* The old text moves behind ": " and loses its end if it must. */
    struct bytes parts[] = {bytes_of_string(": "),
                            bytes_of_string(error->text)};
    size_t used = strlen(text);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t room = sizeof text - 1 - used;
        size_t size = parts[i].size < room ? parts[i].size : room;
        memcpy(text + used, parts[i].data, size);
        used += size;
    }
    text[used] = '\0';
    memcpy(error->text, text, sizeof text);
    return false;
}
