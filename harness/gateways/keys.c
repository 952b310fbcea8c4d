/* What `keys` prints, sorted into Wireshark's two tables. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateways/gateways_private.h"

/* Rows of esp_sa begin with the protocol, those of the other with an SPI; both
 * may stand in a comment of our own, where Wireshark has no such algorithm. */
static bool is_esp_row(const char *line)
{
    static const char own[] = "#counterfoil ";

    if (strncmp(line, own, sizeof own - 1) == 0)
        line += sizeof own - 1;
    return strncmp(line, "\"IPv", 4) == 0;
}

static FILE *open_table(const char *directory, const char *name,
                        struct error *error)
{
    char path[PATH_MAX];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    file = fopen(path, "we");
    if (file == NULL)
        error_set(error, "%s: %s", path, strerror(errno));
    return file;
}

static void sort_rows(char *text, FILE *ike, FILE *esp)
{
    char *rest = NULL;

    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest))
        fprintf(is_esp_row(line) ? esp : ike, "%s\n", line);
}

static bool write_tables(struct bytes rows, const char *directory,
                         struct error *error)
{
    FILE *ike = open_table(directory, "ikev2_decryption_table", error);
    FILE *esp = open_table(directory, "esp_sa", error);
    bool good = ike != NULL && esp != NULL;
    char *text = memory_take(rows.size + 1);

    if (rows.size > 0)
        memcpy(text, rows.data, rows.size);
    if (good)
        sort_rows(text, ike, esp);
    if (ike != NULL && fclose(ike) != 0)
        good = error_set(error, "ikev2_decryption_table: %s", strerror(errno));
    if (esp != NULL && fclose(esp) != 0)
        good = error_set(error, "esp_sa: %s", strerror(errno));
    memory_cleanse(text, rows.size);
    free(text);
    return good;
}

bool gateway_write_keys(struct gateway *gateway, const char *directory,
                        uint64_t deadline, struct error *error)
{
    struct process *keys = gateway_run(gateway, "keys", NULL, true, error);
    bool good = keys != NULL && process_wait(keys, deadline, error);

    if (good && process_status(keys) != 0)
        good = error_set(error, "keys of gateway %s: exit status %d",
                         gateway->profile.name, process_status(keys));
    good = good && write_tables(process_output(keys), directory, error);
    process_free(keys);
    return good;
}
