/* Writing Wireshark's ikev2_decryption_table and esp_sa. */
#include "trace/keys_private.h"
#include "trace/output_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void write_hex(struct buffer *out, const struct key *key)
{
    char text[2 * KEY_MAX + 1];

    buffer_format(out, "%s", bytes_to_hex(key_view(key), text, sizeof text));
    memory_cleanse(text, sizeof text);
}

static void write_ike_row(struct buffer *out, const struct ike_row *row)
{
    const struct encr_name *encr = encr_name_of(TABLE_IKE, &row->suite);
    const struct integ_name *integ = integ_name_of(TABLE_IKE, row->suite.integ);

    if (!encr || !integ)
        return;
    buffer_format(out, "%s%016" PRIx64 ",%016" PRIx64 ",",
                  encr->foreign ? KEYS_OWN_ROW : "", row->spis[0],
                  row->spis[1]);
    write_hex(out, &row->ei);
    buffer_u8(out, ',');
    write_hex(out, &row->er);
    buffer_format(out, ",\"%s\",", encr->name);
    write_hex(out, &row->ai);
    buffer_u8(out, ',');
    write_hex(out, &row->ar);
    buffer_format(out, ",\"%s\"\n", integ->name);
}

static void write_address(struct buffer *out, const struct address *address)
{
    char text[ENDPOINT_TEXT];

    if (address->family == 0)
        buffer_format(out, "\"*\",");
    else
        buffer_format(out, "\"%s\",",
                      address_to_text(address, text, sizeof text));
}

static const char *esp_encr_text(const struct esp_row *row,
                                 const struct encr_name *encr)
{
    return row->icv_presumed ? "AES-GCM [RFC4106]" : encr->name;
}

/* Wireshark 4.0 has no word for either; a row for any address is for IPv4. */
static char esp_protocol(const struct esp_row *row)
{
    return row->destination.family == 6 || row->source.family == 6 ? '6' : '4';
}

static void write_prefix(struct buffer *out, const struct esp_row *row)
{
    char text[ENDPOINT_TEXT];

    if (row->prefix == 0)
        write_address(out, &row->destination);
    else
        buffer_format(out, "\"%s/%u\",",
                      address_to_text(&row->destination, text, sizeof text),
                      row->prefix);
}

/* The digits that a pattern leaves open are stars. */
static void write_spi(struct buffer *out, const struct esp_row *row)
{
    char digits[9];

    snprintf(digits, sizeof digits, "%08" PRIx32, row->spi);
    for (unsigned i = 0; i < 8; i++)
        if (!(row->spi_mask >> (28 - 4 * i) & 15))
            digits[i] = '*';
    if (row->spi_mask)
        buffer_format(out, "\"0x%s\",", digits);
    else
        buffer_format(out, "\"*\",");
}

static void write_esp_row(struct buffer *out, const struct esp_row *row)
{
    const struct encr_name *encr = encr_name_of(TABLE_ESP, &row->suite);
    const struct integ_name *integ = integ_name_of(TABLE_ESP, row->suite.integ);

    if (!encr || !integ)
        return;
    buffer_format(out, "%s\"IPv%c\",", encr->foreign ? KEYS_OWN_ROW : "",
                  esp_protocol(row));
    write_address(out, &row->source);
    write_prefix(out, row);
    write_spi(out, row);
    buffer_format(out, "\"%s\",\"0x", esp_encr_text(row, encr));
    write_hex(out, &row->encr);
    buffer_format(out, "\",\"%s\",\"0x", integ->name);
    write_hex(out, &row->integ);
    /* Wireshark 4.0 has eight columns and grumbles at more; later ones have
     * ten, of which the last two may be left out. */
    buffer_u8(out, '"');
    if (row->esn_known)
        buffer_format(out, ",\"%s\",\"%" PRIx32 "\"",
                      row->suite.esn ? "64-bit" : "32-bit", row->high);
    buffer_u8(out, '\n');
}

/* Writes beside `path` and renames, so that readers see all or nothing. */
static bool replace_file(const char *path, struct bytes content,
                         struct error *error)
{
    struct buffer beside = {0};
    struct output output;

    buffer_format(&beside, "%s.new", path);
    buffer_u8(&beside, 0);
    const char *name = (const char *)beside.data;
    bool ok = output_open(&output, name, error);
    if (ok) {
        ok = output_record(&output, content, error);
        ok = output_close(&output, ok ? error : NULL) && ok;
        if (ok && rename(name, path) != 0)
            ok = error_set(error, "%s: %s", path, strerror(errno));
        if (!ok)
            unlink(name);
    }
    buffer_free(&beside);
    return ok;
}

static bool write_table(const char *directory, const char *name,
                        struct bytes content, struct error *error)
{
    struct buffer path = {0};

    buffer_format(&path, "%s/%s", directory, name);
    buffer_u8(&path, 0);
    bool ok = replace_file((const char *)path.data, content, error);
    buffer_free(&path);
    return ok;
}

bool trace_keys_write(const struct trace_keys *keys, const char *directory,
                      struct error *error)
{
    struct buffer table = {0};
    bool ok;

    for (const struct ike_row *row = keys->ike; row; row = row->hh.next)
        write_ike_row(&table, row);
    ok = write_table(directory, "ikev2_decryption_table", buffer_view(&table),
                     error);
    buffer_clear(&table);
    for (size_t i = 0; ok && i < keys->esp_count; i++)
        write_esp_row(&table, keys->esp_rows[i]);
    ok = ok && write_table(directory, "esp_sa", buffer_view(&table), error);
    buffer_free(&table);
    return ok;
}
