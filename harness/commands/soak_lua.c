/* A schedule as a scenario in Lua. */
#include "commands/soak.h"

bool soak_write_lua(const struct soak_schedule *schedule, const char *gateway,
                    const struct soak_verdict *verdict, struct buffer *out,
                    struct error *error)
{
    (void)schedule;
    (void)gateway;
    (void)verdict;
    (void)out;
    return error_set(error, "not yet");
}
