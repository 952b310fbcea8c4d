#include "script/record.h"

#include "script/script_private.h"

json_t *record_synch(const char *side, const struct synch_message *message)
{
    char spi_i[17], spi_r[17];

    hex_u64(message->spi_i, spi_i);
    hex_u64(message->spi_r, spi_r);
    json_t *note = json_pack(
        "{ss ss so so ss ss sb s{ss ss} sI}", "event", "synch", "cluster", side,
        "from", json_clean(message->from), "to", json_clean(message->to),
        "what", synch_kind_name(message->kind), "fate",
        synch_fate_done(message->fate), "lost",
        (int)(message->fate == SYNCH_LOSE), "state", "spi_i", spi_i, "spi_r",
        spi_r, "octets", (json_int_t)message->octets.size);
    if (message->kind != SYNCH_COUNTER && message->kind != SYNCH_DELETE) {
        json_t *state = json_object_get(note, "state");
        json_object_set_new(state, "next_send",
                            json_integer(message->next_send));
        json_object_set_new(state, "next_receive",
                            json_integer(message->next_receive));
    }
    if (message->due != TIME_NEVER)
        json_object_set_new(note, "due",
                            json_integer((json_int_t)message->due));
    return note;
}

json_t *record_failure(const char *side, const char *from, const char *to,
                       const char *what)
{
    if (failure_find(what) != FAILURES)
        return json_pack("{ss ss so so ss}", "event", "fail_over", "cluster",
                         side, "from", json_clean(from), "to",
                         json_clean(to ? to : from), "kind", what);
    return json_pack("{ss ss so ss}", "event", "recover", "cluster", side,
                     "member", json_clean(from), "kind", what);
}
