/* What the commands need of the gateways' profiles. */
#include <stdlib.h>
#include <string.h>

#include "commands/profiles.h"
#include "gateways/builtin/builtin.h"
#include "gateways/builtin/defects.h"
#include "gateways/gateways.h"

/* "builtin:one,two" */
static bool known_defects(const char *gateway, struct error *error)
{
    const char *at = gateway;
    char name[64];

    if (strncmp(gateway, "builtin:", 8) != 0)
        return true;
    while (defect_next(&at, name))
        if (defect_find(name) == NULL)
            return error_set(error,
                             "gateway %s: there is no defect '%s'; see "
                             "counterfoil list defects",
                             gateway, name);
    return true;
}

bool gateway_exists(const char *name, struct error *error)
{
    struct gateway_profile profile;

    if (!gateway_profile_load(name, &profile, error))
        return false;
    gateway_profile_clear(&profile);
    return known_defects(name, error);
}

void settle_with_profile(struct result *result, bool strict)
{
    struct gateway_profile profile;
    struct known_deviation *known;

    if (result->gateway[0] == '\0' ||
        !gateway_profile_load(result->gateway, &profile, NULL)) {
        result_settle(result, NULL, 0, strict);
        if (result->gateway[0] != '\0')
            result->notice = result_format(
                result,
                "%s%sthere is no profile of %s here, so no deviation "
                "is known",
                result->notice, result->notice[0] != '\0' ? "; " : "",
                result->gateway);
        return;
    }
    known = memory_take((profile.deviation_count + 1) * sizeof *known);
    for (size_t i = 0; i < profile.deviation_count; i++) {
        const struct deviation *from = &profile.deviations[i];

        known[i] = (struct known_deviation){from->clause, from->scenario,
                                            from->reason, from->link};
    }
    result_settle(result, known, profile.deviation_count, strict);
    free(known);
    gateway_profile_clear(&profile);
}

/* ---- Lists ---- */

typedef void profile_fn(json_t *rows, const struct gateway_profile *profile);

static bool each_profile(json_t *rows, profile_fn *visit, struct error *error)
{
    char **names = gateway_names();
    bool good = true;

    for (char **at = names; at != NULL && *at != NULL; at++) {
        struct gateway_profile profile;

        if (good) {
            good = gateway_profile_load(*at, &profile, error);
            if (good) {
                visit(rows, &profile);
                gateway_profile_clear(&profile);
            }
        }
        free(*at);
    }
    free(names);
    return good;
}

static json_t *supports(const struct gateway_profile *profile)
{
    json_t *array = json_array();

    for (size_t i = 0; i < profile->support_count; i++) {
        const struct support *support = &profile->supports[i];
        char text[128];

        if (support->role == NULL)
            snprintf(text, sizeof text, "%s", support->name);
        else
            snprintf(text, sizeof text, "%s (%s)", support->name,
                     support->role);
        json_array_append_new(array, json_string(text));
    }
    return array;
}

static void describe(json_t *rows, const struct gateway_profile *profile)
{
    json_array_append_new(
        rows, json_pack("{s:s, s:s, s:o, s:I}", "name", profile->name, "title",
                        profile->title != NULL ? profile->title : "",
                        "supports", supports(profile), "known",
                        (json_int_t)profile->deviation_count));
}

static void describe_deviations(json_t *rows,
                                const struct gateway_profile *profile)
{
    for (size_t i = 0; i < profile->deviation_count; i++) {
        const struct deviation *from = &profile->deviations[i];

        json_array_append_new(
            rows, json_pack("{s:s, s:s, s:s, s:s, s:s}", "gateway",
                            profile->name, "clause", from->clause, "scenario",
                            from->scenario, "reason", from->reason, "link",
                            from->link != NULL ? from->link : ""));
    }
}

bool profiles_list(json_t *rows, struct error *error)
{
    return each_profile(rows, describe, error);
}

bool profiles_list_deviations(json_t *rows, struct error *error)
{
    return each_profile(rows, describe_deviations, error);
}

bool profiles_list_options(json_t *rows, struct error *error)
{
    (void)error;
    for (const struct gateway_option *at = gateway_options; at->name != NULL;
         at++)
        json_array_append_new(
            rows, json_pack("{s:s, s:s, s:s, s:s}", "name", at->name,
                            "variable", at->variable, "standard",
                            at->standard != NULL ? at->standard : "", "help",
                            at->help));
    for (const struct builtin_option *at = builtin_cluster_options;
         at->name != NULL; at++)
        json_array_append_new(
            rows, json_pack("{s:s, s:s, s:s, s:s}", "name", at->name,
                            "variable", "", "standard", "", "help", at->help));
    return true;
}
