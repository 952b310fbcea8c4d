/* A schedule as a scenario in Lua, for a person to read and to keep. */
#include <inttypes.h>
#include <string.h>

#include "cluster/cluster.h"
#include "commands/soak.h"

/* Functions that a schedule's steps may use; only those that it does are
 * written. */
static const struct {
    const char *call, *text;
} helpers[] = {
    {" synchronize(",
     "        -- As a member does that took over: higher until it is "
     "answered.\n"
     "        local function synchronize(delta, size)\n"
     "            for try = 0, 7 do\n"
     "                local more = try > 0 and 1 << (try + 2) or 0\n"
     "                syncs[#syncs + 1] = sa:synchronize {\n"
     "                    m1 = sa.sent.next + sa.peer_window + more,\n"
     "                    delta = delta, delta_size = size }\n"
     "                if t:watch(syncs[#syncs], 2) then\n"
     "                    t:elapse(0.1)\n"
     "                    return\n"
     "                end\n"
     "            end\n"
     "        end\n"},
    {" fail_over(", "        local function fail_over(kind, member)\n"
                    "            cluster:fail_over(kind, { member = member })\n"
                    "            for _, child in ipairs(sa.children or {}) do\n"
                    "                sa:skip(1 << 24, child.spi_in)\n"
                    "            end\n"
                    "        end\n"},
    {" ping(", "        local function ping(count)\n"
               "            for _ = 1, count do\n"
               "                probes[#probes + 1] = sa:ping {}\n"
               "            end\n"
               "            t:elapse(0.05)\n"
               "        end\n"},
    {" replay(", "        local function replay(sent, back)\n"
                 "            if sent[#sent - back] then\n"
                 "                sa:replay(sent[#sent - back])\n"
                 "            end\n"
                 "            t:elapse(0.01)\n"
                 "        end\n"},
};

/* ---- Steps ---- */

/* Those that are one line; NULL where it takes more, or where the language
 * has no word for it. The second is for what is not awaited. */
static const char *const lines[SOAK_OPS][2] = {
    [SOAK_LIVENESS] = {"sa:request_liveness()", "sa:start_liveness()"},
    [SOAK_REKEY] = {"sa = sa:rekey()", NULL},
    [SOAK_REKEY_CHILD] = {"sa:rekey_child()", NULL},
    [SOAK_CREATE_CHILD] = {"sa:create_child()", NULL},
    [SOAK_DELETE_CHILD] = {"sa:delete_child(sa.children[1].spi_in)", NULL},
    [SOAK_DELETE] = {"sa:delete()", NULL},
    [SOAK_GW_LIVENESS] = {"t.gateway:liveness() t:elapse(0.1)",
                          "t.gateway:liveness()"},
    [SOAK_GW_REKEY] = {"t.gateway:rekey(\"ike\") sa = sa:successor()", NULL},
    [SOAK_GW_REKEY_CHILD] = {"t.gateway:rekey(\"child\") t:elapse(0.1)",
                             "t.gateway:rekey(\"child\")"},
    [SOAK_GW_CREATE_CHILD] = {"t.gateway:start(\"initiate\") "
                              "t.gateway:wait()",
                              "t.gateway:start(\"initiate\")"},
    [SOAK_GW_DELETE_CHILD] = {"t.gateway:terminate(\"child\") t:elapse(0.1)",
                              "t.gateway:terminate(\"child\")"},
    [SOAK_RELEASE] = {"cluster:release_synch()", NULL},
    [SOAK_COUNTER] = {"cluster:synch_counters()", NULL},
    [SOAK_GW_RECOVER] = {"t.gateway:recover()", NULL},
    [SOAK_GW_RELEASE] = {"t.gateway:release_synch()", NULL},
};

static const char *kind_word(const struct soak_step *step)
{
    return step->first == SYNCH_KINDS
               ? "all"
               : synch_kind_name((enum synch_kind)step->first);
}

/* Of the gateway's cluster; false if it is no such step. */
static bool write_gateway(const struct soak_schedule *schedule,
                          const struct soak_step *step, struct buffer *out)
{
    static const char *const schedules[] = {"at-once", "every 3", "every 20",
                                            "every 0.5s", "never"};
    uint32_t members = schedule->fields[SOAK_GW_MEMBERS];

    if (step->op == SOAK_GW_FAIL)
        buffer_format(out, "t.gateway:fail(\"%s\"",
                      failure_name((enum failure)step->first));
    if (step->op == SOAK_GW_FAIL && schedule->fields[SOAK_GW_SHARING])
        buffer_format(out, ", %" PRIu32 ")", step->second % members + 1);
    else if (step->op == SOAK_GW_FAIL)
        buffer_format(out, ")");
    else if (step->op == SOAK_GW_CHANNEL)
        buffer_format(out, "t.gateway:synch(\"%s\", \"%s\", { delay = 0.3 })",
                      kind_word(step),
                      synch_fate_name((enum synch_fate)step->second));
    else if (step->op == SOAK_GW_SCHEDULE)
        buffer_format(out, "t.gateway:synch(\"%s\", \"%s\")", kind_word(step),
                      schedules[step->second]);
    else if (step->op == SOAK_GW_TRAFFIC)
        buffer_format(out,
                      "t.gateway:traffic(%" PRIu32 ", 0.001) t:elapse(%" PRIu32
                      ".%03" PRIu32 ")",
                      step->first + 1, (step->first + 1) / 1000,
                      (step->first + 1) % 1000);
    else
        return false;
    return true;
}

static void write_channel(const struct soak_step *step, struct buffer *out)
{
    const char *kind = kind_word(step);

    buffer_format(out, "cluster:synch(\"%s\", \"%s\"%s)", kind,
                  synch_fate_name((enum synch_fate)step->second),
                  step->second == SYNCH_DELAY ? ", 0.3" : "");
}

/* P1 is always what the member knows. */
static bool write_synchronize(const struct soak_schedule *schedule,
                              const struct soak_step *step, struct buffer *out)
{
    bool esn = strstr(soak_esp_suite(schedule->fields[SOAK_ESP]), "esn");
    uint32_t delta = step->first && schedule->fields[SOAK_COUNTERS]
                         ? UINT32_C(1) << step->first
                         : 0;

    if (step->second)
        return false;
    if (step->at_once && delta)
        buffer_format(out,
                      "sa:synchronize { delta = %" PRIu32 ", delta_size = "
                      "%d }",
                      delta, esn ? 8 : 4);
    else if (step->at_once)
        buffer_format(out, "sa:synchronize {}");
    else if (delta)
        buffer_format(out, "synchronize(%" PRIu32 ", %d)", delta, esn ? 8 : 4);
    else
        buffer_format(out, "synchronize()");
    return true;
}

/* Of ours; which member, where several are active. */
static void write_failure(const struct soak_schedule *schedule,
                          enum failure how, uint32_t which, struct buffer *out)
{
    buffer_format(out, "fail_over(\"%s\"", failure_name(how));
    if (schedule->fields[SOAK_SHARING])
        buffer_format(out, ", %" PRIu32,
                      which % schedule->fields[SOAK_MEMBERS] + 1);
    buffer_format(out, ")");
}

/* Of those that take an argument; false if there is no such word. */
static bool write_other(const struct soak_schedule *schedule,
                        const struct soak_step *step, struct buffer *out)
{
    if (step->op == SOAK_PING)
        buffer_format(out, "ping(%" PRIu32 ")", step->first + 1);
    else if (step->op == SOAK_CONNECT)
        buffer_format(out, "if not sa.established then sa = cluster:%s() end",
                      schedule->fields[SOAK_WE_INITIATE] ? "connect"
                                                         : "accept");
    else if (step->op == SOAK_CHANNEL)
        write_channel(step, out);
    else if (step->op == SOAK_CRASH)
        write_failure(schedule, FAIL_CRASH, step->first, out);
    else if (step->op == SOAK_PLANNED)
        write_failure(schedule, FAIL_PLANNED, step->first, out);
    else if (step->op == SOAK_FAIL)
        write_failure(schedule, (enum failure)step->first, step->second, out);
    else if (step->op == SOAK_RECOVER)
        buffer_format(out, "for n = 1, %" PRIu32 " do cluster:recover(n) end",
                      schedule->fields[SOAK_MEMBERS]);
    else if (step->op == SOAK_SYNCHRONIZE)
        return write_synchronize(schedule, step, out);
    else if (step->op == SOAK_REPLAY)
        buffer_format(out, "replay(sa.sent_messages, %" PRIu32 ")",
                      step->first);
    else if (step->op == SOAK_REPLAY_SYNC)
        buffer_format(out, "replay(syncs, %" PRIu32 ")", step->first);
    else if (step->op == SOAK_REPLAY_ESP)
        buffer_format(out, "replay(probes, %" PRIu32 ")", step->first);
    else if (step->op == SOAK_OWED)
        soak_owed_lua(step->first, out);
    else if (step->op == SOAK_WAIT)
        buffer_format(out, "t:elapse(%" PRIu32 ".%" PRIu32 ")",
                      step->first / 10, step->first % 10);
    else
        return write_gateway(schedule, step, out) ||
               (step->op == SOAK_LINK && step->first == 0);
    return true;
}

static bool write_lines(const struct soak_schedule *schedule,
                        struct buffer *out, struct error *error)
{
    for (size_t i = 0; i < schedule->count; i++) {
        const struct soak_step *step = &schedule->steps[i];
        const char *line = lines[step->op][step->at_once];

        buffer_format(out, "        ");
        if (line)
            buffer_format(out, "%s", line);
        else if (lines[step->op][0] || !write_other(schedule, step, out))
            return error_set(error, "step %zu cannot be said in Lua", i + 1);
        buffer_format(out, "\n");
    }
    buffer_format(out, "        t:elapse(1)\n");
    return true;
}

static bool write_steps(const struct soak_schedule *schedule,
                        struct buffer *out, struct error *error)
{
    struct buffer steps = {0};
    bool good = write_lines(schedule, &steps, error);

    buffer_u8(&steps, 0);
    if (good && (strstr((char *)steps.data, " synchronize(") ||
                 strstr((char *)steps.data, "syncs")))
        buffer_format(out, "        local syncs = {}\n");
    if (good && (strstr((char *)steps.data, " ping(") ||
                 strstr((char *)steps.data, "probes")))
        buffer_format(out, "        local probes = {}\n");
    for (size_t i = 0; good && i < sizeof helpers / sizeof *helpers; i++)
        if (strstr((char *)steps.data, helpers[i].call))
            buffer_bytes(out, bytes_of_string(helpers[i].text));
    if (good)
        buffer_bytes(out, bytes_of(steps.data, steps.size - 1));
    buffer_free(&steps);
    return good;
}

/* ---- The rest ---- */

/* `word` is a Lua value. Only what is not plain is said. */
static void write_option(const uint32_t *f, enum soak_field field,
                         const char *name, const char *word, struct buffer *out)
{
    if (f[field] != soak_plain(field))
        buffer_format(out, " %s = %s,", name, word);
}

static void write_flag(const uint32_t *f, enum soak_field field,
                       const char *name, struct buffer *out)
{
    write_option(f, field, name, f[field] ? "true" : "false", out);
}

static void write_number(const uint32_t *f, enum soak_field field,
                         const char *name, struct buffer *out)
{
    char word[16];

    snprintf(word, sizeof word, "%" PRIu32, f[field]);
    write_option(f, field, name, word, out);
}

static void write_word(const uint32_t *f, enum soak_field field,
                       const char *name, const char *value, struct buffer *out)
{
    char word[64];

    snprintf(word, sizeof word, "\"%s\"", value);
    write_option(f, field, name, word, out);
}

static const char *sharing_of(uint32_t value)
{
    return cluster_sharing_name((enum cluster_sharing)value);
}

static void write_gateway_options(const uint32_t *f, struct buffer *out)
{
    buffer_format(out, "            gateway = {");
    write_number(f, SOAK_GW_WINDOW, "window", out);
    write_number(f, SOAK_DPD, "dpd", out);
    write_flag(f, SOAK_ENCAPSULATE, "encapsulate", out);
    write_flag(f, SOAK_COOKIE, "cookie", out);
    write_flag(f, SOAK_GW_SYNC, "message_id_sync", out);
    write_flag(f, SOAK_COUNTERS, "replay_counter_sync", out);
    write_number(f, SOAK_GW_MEMBERS, "members", out);
    write_word(f, SOAK_GW_SHARING, "sharing", sharing_of(f[SOAK_GW_SHARING]),
               out);
    write_word(f, SOAK_GW_LAZY, "takeover", "lazy", out);
    write_flag(f, SOAK_GW_STRICT, "strict", out);
    write_flag(f, SOAK_GW_REKEY_AFTER, "rekey_after", out);
    if (f[SOAK_GW_LOOSE])
        buffer_format(out, " loose = true,");
    if (f[SOAK_GW_LOOSE] > 1)
        buffer_format(out, " moves = true,");
    buffer_format(out, " },\n");
}

static void write_topology(const uint32_t *f, struct buffer *out)
{
    buffer_format(out,
                  "        local cluster = t:cluster {\n"
                  "            members = %" PRIu32 ",",
                  f[SOAK_MEMBERS]);
    write_word(f, SOAK_SHARING, "sharing", sharing_of(f[SOAK_SHARING]), out);
    write_word(f, SOAK_TAKEOVER, "takeover",
               f[SOAK_TAKEOVER] == TAKEOVER_LAZY ? "lazy" : "eager", out);
    write_number(f, SOAK_WINDOW, "window", out);
    write_word(f, SOAK_IKE, "ike", soak_ike_suite(f[SOAK_IKE]), out);
    write_word(f, SOAK_ESP, "esp", soak_esp_suite(f[SOAK_ESP]), out);
    write_flag(f, SOAK_ENCAPSULATE, "encapsulate", out);
    write_flag(f, SOAK_COOKIE, "cookie", out);
    write_flag(f, SOAK_SYNC, "message_id_sync", out);
    write_flag(f, SOAK_COUNTERS, "replay_counter_sync", out);
    write_option(f, SOAK_IPV6, "family", "6", out);
    if (f[SOAK_INNER])
        buffer_format(out, f[SOAK_INNER] == 1 ? " inner = 6,"
                                              : " mode = \"transport\",");
    if (!f[SOAK_FRAGMENT])
        buffer_format(out, " fragmentation = false,");
    write_number(f, SOAK_FRAGMENT, "fragment_size", out);
    buffer_format(out, "\n");
    write_gateway_options(f, out);
    buffer_format(out,
                  "        }\n"
                  "        local sa = cluster:%s()\n",
                  f[SOAK_WE_INITIATE] ? "connect" : "accept");
}

bool soak_write_lua(const struct soak_schedule *schedule, const char *gateway,
                    const struct soak_verdict *verdict, struct buffer *out,
                    struct error *error)
{
    if (schedule->fields[SOAK_EARLY])
        return error_set(error, "a sync before IKE_AUTH cannot be said in Lua");
    buffer_format(out,
                  "-- Found by counterfoil soak; play it with\n"
                  "--   counterfoil run THIS-FILE --gateway %s\n"
                  "-- Expected: %s\n-- Seen: %s\n-- ",
                  gateway, verdict->expected, verdict->seen);
    soak_schedule_write(schedule, out);
    buffer_format(out,
                  "\nreturn scenario {\n"
                  "    id = \"soak/seed-%" PRIu64 "\",\n"
                  "    title = \"A schedule of soak that breaks %s\",\n"
                  "    purpose = [[Found at random, and shrunk.]],\n"
                  "    clauses = { \"%s\" },\n"
                  "    gateway = \"%s\",\n"
                  "    role = \"%s\",\n"
                  "    timeout = 600,\n"
                  "    run = function(t)\n",
                  schedule->seed, verdict->clause, verdict->clause,
                  schedule->fields[SOAK_GW_MEMBERS] > 1 ? "cluster" : "peer",
                  schedule->fields[SOAK_WE_INITIATE] ? "responder"
                                                     : "initiator");
    write_topology(schedule->fields, out);
    if (!write_steps(schedule, out, error))
        return false;
    buffer_format(out, "    end,\n}\n");
    return true;
}
