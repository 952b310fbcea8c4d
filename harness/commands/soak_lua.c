/* A schedule as a scenario in Lua, for a person to read and to keep. */
#include <inttypes.h>
#include <string.h>

#include "cluster/cluster.h"
#include "commands/soak.h"

static const char head[] =
    "        local syncs, probes = {}, {}\n"
    "        -- As a member does that took over: higher until it is answered.\n"
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
    "        end\n"
    "        local function fail_over(kind)\n"
    "            cluster:fail_over(kind)\n"
    "            for _, child in ipairs(sa.children or {}) do\n"
    "                sa:skip(8192, child.spi_in)\n"
    "            end\n"
    "        end\n"
    "        local function ping(count)\n"
    "            for _ = 1, count do\n"
    "                probes[#probes + 1] = sa:ping {}\n"
    "            end\n"
    "            t:elapse(0.05)\n"
    "        end\n"
    "        local function replay(sent, back)\n"
    "            if sent[#sent - back] then\n"
    "                sa:replay(sent[#sent - back])\n"
    "            end\n"
    "            t:elapse(0.01)\n"
    "        end\n\n";

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
    [SOAK_CRASH] = {"fail_over(\"crash\")", NULL},
    [SOAK_PLANNED] = {"fail_over(\"planned\")", NULL},
};

static void write_channel(const struct soak_step *step, struct buffer *out)
{
    const char *kind = step->first == SYNCH_KINDS
                           ? "all"
                           : synch_kind_name((enum synch_kind)step->first);

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
        return step->op == SOAK_LINK && step->first == 0;
    return true;
}

static bool write_steps(const struct soak_schedule *schedule,
                        struct buffer *out, struct error *error)
{
    buffer_bytes(out, bytes_of_string(head));
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

/* ---- The rest ---- */

static const char *truth(uint32_t value)
{
    return value ? "true" : "false";
}

static void write_topology(const uint32_t *f, struct buffer *out)
{
    buffer_format(
        out,
        "        local cluster = t:cluster {\n"
        "            members = %" PRIu32 ", window = %" PRIu32 ",\n"
        "            ike = \"%s\", esp = \"%s\",\n"
        "            encapsulate = %s, cookie = %s,\n"
        "            message_id_sync = %s, replay_counter_sync = %s,"
        "\n            fragmentation = %s, fragment_size = %" PRIu32 ",\n",
        f[SOAK_MEMBERS], f[SOAK_WINDOW], soak_ike_suite(f[SOAK_IKE]),
        soak_esp_suite(f[SOAK_ESP]), truth(f[SOAK_ENCAPSULATE]),
        truth(f[SOAK_COOKIE]), truth(f[SOAK_SYNC]), truth(f[SOAK_COUNTERS]),
        truth(f[SOAK_FRAGMENT]), f[SOAK_FRAGMENT]);
    buffer_format(out,
                  "            gateway = { window = %" PRIu32 ", dpd = %" PRIu32
                  ", encapsulate = %s, cookie = %s,\n"
                  "                        message_id_sync = %s, "
                  "replay_counter_sync = %s },\n"
                  "        }\n"
                  "        local sa = cluster:%s()\n",
                  f[SOAK_GW_WINDOW], f[SOAK_DPD], truth(f[SOAK_ENCAPSULATE]),
                  truth(f[SOAK_COOKIE]), truth(f[SOAK_GW_SYNC]),
                  truth(f[SOAK_COUNTERS]),
                  f[SOAK_WE_INITIATE] ? "connect" : "accept");
}

bool soak_write_lua(const struct soak_schedule *schedule, const char *gateway,
                    const struct soak_verdict *verdict, struct buffer *out,
                    struct error *error)
{
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
                  "    role = \"%s\",\n"
                  "    timeout = 600,\n"
                  "    run = function(t)\n",
                  schedule->seed, verdict->clause, verdict->clause,
                  schedule->fields[SOAK_WE_INITIATE] ? "responder"
                                                     : "initiator");
    write_topology(schedule->fields, out);
    if (!write_steps(schedule, out, error))
        return false;
    buffer_format(out, "    end,\n}\n");
    return true;
}
