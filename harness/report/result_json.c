/* result.json: one result, written and read back. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/report_private.h"

#define RESULT_FORMAT "counterfoil-result-1"

/* ---- Tables of members, for both directions ---- */

struct text_member {
    const char *name;
    size_t offset; /* of a `const char *` in struct result */
};

static const struct text_member text_members[] = {
    {"scenario", offsetof(struct result, scenario)},
    {"title", offsetof(struct result, title)},
    {"purpose", offsetof(struct result, purpose)},
    {"gateway", offsetof(struct result, gateway)},
    {"role", offsetof(struct result, role)},
    {"folder", offsetof(struct result, folder)},
    {"replay", offsetof(struct result, replay)},
    {"reason", offsetof(struct result, reason)},
    {"notice", offsetof(struct result, notice)},
    {"log_tail", offsetof(struct result, log_tail)},
};

struct number_member {
    const char *name;
    size_t offset; /* of a uint64_t */
};

static const struct number_member number_members[] = {
    {"seed", offsetof(struct result, seed)},
    {"started", offsetof(struct result, started)},
    {"duration", offsetof(struct result, duration)},
    {"ike_keys", offsetof(struct result, ike_keys)},
    {"esp_keys", offsetof(struct result, esp_keys)},
    {"unusable_keys", offsetof(struct result, unusable_keys)},
};

#define TOTAL(member)                                                          \
    {                                                                          \
#member, offsetof(struct oracle_totals, member)                        \
    }
static const struct number_member totals_members[] = {
    TOTAL(frames),
    TOTAL(ike_messages),
    TOTAL(ike_opened),
    TOTAL(ike_no_key),
    TOTAL(ike_bad_icv),
    TOTAL(esp_packets),
    TOTAL(esp_opened),
    TOTAL(esp_no_key),
    TOTAL(esp_bad_icv),
    TOTAL(ike_sas),
    TOTAL(child_sas),
    TOTAL(failovers),
    TOTAL(failovers_inferred),
    TOTAL(cut),
    TOTAL(other),
    TOTAL(malformed),
};
#undef TOTAL

#define SEEN(member)                                                           \
    {                                                                          \
#member, offsetof(struct trace_counts, member)                         \
    }
static const struct number_member seen_members[] = {
    SEEN(copies),      SEEN(ip_incomplete), SEEN(ike_incomplete),
    SEEN(tcp_gaps),    SEEN(tcp_given_up),  SEEN(dropped),
    SEEN(ike_derived), SEEN(esp_derived),
};
#undef SEEN

#define TALLY(member)                                                          \
    {                                                                          \
#member, offsetof(struct clause_tally, member)                         \
    }
static const struct number_member tally_members[] = {
    TALLY(judged), TALLY(failed), TALLY(warned), TALLY(inconclusive)};
#undef TALLY

#define SA(member)                                                             \
    {                                                                          \
#member, offsetof(struct result_sa, member)                            \
    }
static const struct number_member sa_members[] = {
    SA(messages), SA(opened), SA(first_frame), SA(last_frame),
    SA(failed),   SA(warned), SA(inconclusive)};
#undef SA

#define COUNT_OF(table) (sizeof(table) / sizeof *(table))

/* ---- Writing ---- */

static void numbers_to_json(json_t *object, const void *from,
                            const struct number_member *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value;

        memcpy(&value, (const char *)from + members[i].offset, sizeof value);
        json_object_set_new(object, members[i].name,
                            json_integer((json_int_t)value));
    }
}

static json_t *endpoint_to_json(const struct endpoint *at)
{
    char text[ENDPOINT_TEXT];

    return json_pack("{s:s, s:i}", "address",
                     at->address.family != 0
                         ? address_to_text(&at->address, text, sizeof text)
                         : "",
                     "port", (int)at->port);
}

static json_t *clause_to_json(const struct clause *clause)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "id", clause->id, "section",
                     clause->section, "level", clause_level_name(clause->level),
                     "statement", clause->statement);
}

static json_t *finding_to_json(const struct result_finding *from)
{
    const struct finding *finding = &from->finding;
    json_t *frames = json_array();
    json_t *object;

    for (size_t i = 0; i < finding->frame_count && i < FINDING_FRAMES; i++)
        json_array_append_new(frames,
                              json_integer((json_int_t)finding->frames[i]));
    object = json_pack(
        "{s:o, s:s, s:o, s:I, s:o, s:s, s:s, s:s, s:s, s:b, s:b, s:b}",
        "clause", clause_to_json(finding->clause), "verdict",
        verdict_name(finding->verdict), "frames", frames, "time",
        (json_int_t)finding->time, "subject",
        endpoint_to_json(&finding->subject), "sa", finding->sa, "expected",
        finding->expected, "seen", finding->seen, "reading", finding->reading,
        "from_scenario", finding->from_scenario, "inferred", finding->inferred,
        "known", from->known);
    if (from->reason != NULL)
        json_object_set_new(object, "reason", json_string(from->reason));
    if (from->link != NULL)
        json_object_set_new(object, "link", json_string(from->link));
    return object;
}

static json_t *findings_to_json(const struct result *result)
{
    json_t *array = json_array();

    for (size_t i = 0; i < result->finding_count; i++)
        json_array_append_new(array, finding_to_json(&result->findings[i]));
    return array;
}

static json_t *tallies_to_json(const struct result *result)
{
    json_t *array = json_array();

    for (size_t i = 0; i < result->tally_count; i++) {
        const struct clause_tally *tally = &result->tallies[i];
        json_t *object = json_pack("{s:s}", "clause", tally->clause->id);

        numbers_to_json(object, tally, tally_members, COUNT_OF(tally_members));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *sas_to_json(const struct result *result)
{
    json_t *array = json_array();

    for (size_t i = 0; i < result->sa_count; i++) {
        const struct result_sa *sa = &result->sas[i];
        json_t *object =
            json_pack("{s:s, s:o, s:o}", "name", sa->name, "source",
                      endpoint_to_json(&sa->source), "destination",
                      endpoint_to_json(&sa->destination));

        numbers_to_json(object, sa, sa_members, COUNT_OF(sa_members));
        json_array_append_new(array, object);
    }
    return array;
}

json_t *result_to_json(const struct result *result)
{
    json_t *object = json_pack("{s:s}", "format", RESULT_FORMAT);
    json_t *clauses = json_array();
    json_t *totals = json_object();

    json_object_set_new(object, "outcome",
                        json_string(outcome_name(result->outcome)));
    json_object_set_new(object, "judged",
                        json_string(verdict_name(result->judged)));
    for (size_t i = 0; i < COUNT_OF(text_members); i++) {
        const char *text;

        memcpy(&text, (const char *)result + text_members[i].offset,
               sizeof text);
        json_object_set_new(object, text_members[i].name, json_string(text));
    }
    numbers_to_json(object, result, number_members, COUNT_OF(number_members));
    json_object_set_new(object, "from_run", json_boolean(result->from_run));
    json_object_set_new(object, "complete", json_boolean(result->complete));
    json_object_set_new(object, "died", json_boolean(result->died));
    for (const char **at = result->clauses; *at != NULL; at++)
        json_array_append_new(clauses, json_string(*at));
    json_object_set_new(object, "clauses", clauses);
    json_object_set_new(object, "findings", findings_to_json(result));
    json_object_set_new(object, "tallies", tallies_to_json(result));
    json_object_set_new(object, "sas", sas_to_json(result));
    numbers_to_json(totals, &result->totals, totals_members,
                    COUNT_OF(totals_members));
    numbers_to_json(totals, &result->seen, seen_members,
                    COUNT_OF(seen_members));
    json_object_set_new(object, "totals", totals);
    return object;
}

bool result_write(const struct result *result, const char *path,
                  struct error *error)
{
    json_t *object = result_to_json(result);
    char *text = json_dumps(object, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    struct buffer octets = {0};
    bool good;

    json_decref(object);
    if (text == NULL)
        return error_set(error, "%s: cannot be written as JSON", path);
    buffer_format(&octets, "%s\n", text);
    good = file_write_whole(path, buffer_view(&octets), error);
    buffer_free(&octets);
    free(text);
    return good;
}

/* ---- Reading ---- */

static const char *member_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

static void numbers_from_json(const json_t *object, void *into,
                              const struct number_member *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value = (uint64_t)json_integer_value(
            json_object_get(object, members[i].name));

        memcpy((char *)into + members[i].offset, &value, sizeof value);
    }
}

static void endpoint_from_json(const json_t *object, struct endpoint *out)
{
    json_int_t port = json_integer_value(json_object_get(object, "port"));

    *out = (struct endpoint){0};
    if (!address_parse(member_text(object, "address"), &out->address))
        out->address = (struct address){0};
    if (port >= 0 && port <= UINT16_MAX)
        out->port = (uint16_t)port;
}

static bool clause_from_json(const json_t *text, const struct clause **out,
                             struct error *error)
{
    const char *id = json_string_value(text);

    if (id == NULL)
        return error_set(error, "a clause is missing");
    *out = clause_find(id);
    return *out != NULL || error_set(error, "no clause has the id %.40s", id);
}

static void copy_text(const json_t *object, const char *name, char *out,
                      size_t size)
{
    snprintf(out, size, "%s", member_text(object, name));
    text_clean(out);
}

static bool finding_from_json(struct result *result, const json_t *object,
                              struct result_finding *out, struct error *error)
{
    struct finding *finding = &out->finding;
    const json_t *frames = json_object_get(object, "frames");
    const json_t *clause = json_object_get(object, "clause");
    const char *reason = member_text(object, "reason");
    const char *link = member_text(object, "link");

    if (!clause_from_json(json_object_get(clause, "id"), &finding->clause,
                          error))
        return false;
    if (!verdict_find(member_text(object, "verdict"), &finding->verdict))
        return error_set(error, "no such verdict: %.20s",
                         member_text(object, "verdict"));
    while (finding->frame_count < json_array_size(frames) &&
           finding->frame_count < FINDING_FRAMES) {
        finding->frames[finding->frame_count] = (uint64_t)json_integer_value(
            json_array_get(frames, finding->frame_count));
        finding->frame_count++;
    }
    finding->time =
        (uint64_t)json_integer_value(json_object_get(object, "time"));
    endpoint_from_json(json_object_get(object, "subject"), &finding->subject);
    copy_text(object, "sa", finding->sa, sizeof finding->sa);
    copy_text(object, "expected", finding->expected, sizeof finding->expected);
    copy_text(object, "seen", finding->seen, sizeof finding->seen);
    copy_text(object, "reading", finding->reading, sizeof finding->reading);
    finding->from_scenario =
        json_is_true(json_object_get(object, "from_scenario"));
    finding->inferred = json_is_true(json_object_get(object, "inferred"));
    out->known = json_is_true(json_object_get(object, "known"));
    out->reason = reason[0] != '\0' ? result_text(result, reason) : NULL;
    out->link = link[0] != '\0' ? result_text(result, link) : NULL;
    return true;
}

static bool lists_from_json(struct result *result, const json_t *object,
                            struct error *error)
{
    const json_t *findings = json_object_get(object, "findings");
    const json_t *tallies = json_object_get(object, "tallies");
    const json_t *sas = json_object_get(object, "sas");
    struct arena *arena = &result->arena;
    size_t i;
    json_t *entry;

    result->findings = arena_take(
        arena, json_array_size(findings) * sizeof *result->findings + 1);
    json_array_foreach(findings, i, entry)
    {
        if (!finding_from_json(result, entry, &result->findings[i], error))
            return error_prefix(error, "finding %zu", i);
        result->finding_count = i + 1;
    }
    result->tallies = arena_take(
        arena, json_array_size(tallies) * sizeof *result->tallies + 1);
    json_array_foreach(tallies, i, entry)
    {
        if (!clause_from_json(json_object_get(entry, "clause"),
                              &result->tallies[i].clause, error))
            return error_prefix(error, "tally %zu", i);
        numbers_from_json(entry, &result->tallies[i], tally_members,
                          COUNT_OF(tally_members));
        result->tally_count = i + 1;
    }
    result->sas =
        arena_take(arena, json_array_size(sas) * sizeof *result->sas + 1);
    json_array_foreach(sas, i, entry)
    {
        struct result_sa *sa = &result->sas[i];

        copy_text(entry, "name", sa->name, sizeof sa->name);
        endpoint_from_json(json_object_get(entry, "source"), &sa->source);
        endpoint_from_json(json_object_get(entry, "destination"),
                           &sa->destination);
        numbers_from_json(entry, sa, sa_members, COUNT_OF(sa_members));
        result->sa_count = i + 1;
    }
    return true;
}

static void clauses_from_json(struct result *result, const json_t *array)
{
    size_t count = json_array_size(array);

    result->clauses =
        arena_take(&result->arena, (count + 1) * sizeof *result->clauses);
    for (size_t i = 0; i < count; i++)
        result->clauses[i] =
            result_text(result, json_string_value(json_array_get(array, i)));
}

static bool result_from_json(struct result *result, const json_t *object,
                             struct error *error)
{
    const char *format = member_text(object, "format");

    if (strcmp(format, RESULT_FORMAT) != 0)
        return error_set(error, "format is \"%.40s\", not \"%s\"", format,
                         RESULT_FORMAT);
    if (!outcome_find(member_text(object, "outcome"), &result->outcome))
        return error_set(error, "no such outcome: \"%.20s\"",
                         member_text(object, "outcome"));
    if (!verdict_find(member_text(object, "judged"), &result->judged))
        return error_set(error, "no such verdict: \"%.20s\"",
                         member_text(object, "judged"));
    for (size_t i = 0; i < COUNT_OF(text_members); i++) {
        const char *text =
            result_text(result, member_text(object, text_members[i].name));

        memcpy((char *)result + text_members[i].offset, &text, sizeof text);
    }
    numbers_from_json(object, result, number_members, COUNT_OF(number_members));
    result->from_run = json_is_true(json_object_get(object, "from_run"));
    result->complete = json_is_true(json_object_get(object, "complete"));
    result->died = json_is_true(json_object_get(object, "died"));
    clauses_from_json(result, json_object_get(object, "clauses"));
    numbers_from_json(json_object_get(object, "totals"), &result->totals,
                      totals_members, COUNT_OF(totals_members));
    numbers_from_json(json_object_get(object, "totals"), &result->seen,
                      seen_members, COUNT_OF(seen_members));
    return lists_from_json(result, object, error);
}

bool result_read(struct result *result, const char *path, struct error *error)
{
    json_error_t wrong;
    json_t *object = json_load_file(path, JSON_REJECT_DUPLICATES, &wrong);
    bool good;

    if (object == NULL)
        return error_set(error, "%s:%d: %s", path, wrong.line, wrong.text);
    good = result_from_json(result, object, error) ||
           error_prefix(error, "%s", path);
    json_decref(object);
    return good;
}
