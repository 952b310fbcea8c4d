/* Reading Wireshark's ikev2_decryption_table and esp_sa. */
#include "trace/keys_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_SIZE = 4096, FIELDS_MAX = 12, IKE_FIELDS = 8 };
enum { ESP_FIELDS = 8, ESP_FIELDS_WITH_ESN = 10 };

struct fields {
    char *text[FIELDS_MAX];
    size_t count;
};

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static char *skip_blanks(char *at)
{
    while (*at == ' ' || *at == '\t')
        at++;
    return at;
}

/* Undoes \xHH and a backslash before any other character, in place. `*at`
 * stands behind the opening quote and is moved behind the closing one. */
static bool unquote(char **at)
{
    char *in = *at, *out = *at;

    for (; *in && *in != '"'; in++) {
        if (in[0] != '\\' || !in[1]) {
            *out++ = *in;
        } else if (in[1] == 'x' && hex_digit(in[2]) >= 0 &&
                   hex_digit(in[3]) >= 0) {
            *out++ = (char)(16 * hex_digit(in[2]) + hex_digit(in[3]));
            in += 3;
        } else {
            *out++ = *++in;
        }
    }
    if (*in != '"')
        return false;
    *at = in + 1;
    *out = '\0';
    return true;
}

/* One field, in place; `*at` is moved behind its comma, or to NULL after the
 * last one. */
static bool take_field(char **at, char **field, struct error *error)
{
    char *end, *start = skip_blanks(*at);
    bool quoted = *start == '"';

    if (quoted) {
        end = ++start;
        if (!unquote(&end))
            return error_set(error, "a quote is not closed");
    } else {
        end = start + strcspn(start, ", \t");
    }
    *field = start;
    *at = skip_blanks(end);
    if (**at && **at != ',')
        return error_set(error, "'%c' where a comma should be", **at);
    bool more = **at == ',';
    if (!quoted)
        *end = '\0';
    *at = more ? *at + 1 : NULL;
    return true;
}

static bool split(char *line, struct fields *out, struct error *error)
{
    out->count = 0;
    while (line) {
        if (out->count == FIELDS_MAX)
            return error_set(error, "more than %d fields", (int)FIELDS_MAX);
        if (!take_field(&line, &out->text[out->count], error))
            return false;
        out->count++;
    }
    return true;
}

static bool parse_hex(const char *text, const char *what, struct key *out,
                      struct error *error)
{
    size_t digits = strlen(text);

    out->size = 0;
    if (digits % 2 != 0)
        return error_set(error, "%s: odd number of digits (%zu)", what, digits);
    if (digits / 2 > KEY_MAX)
        return error_set(error, "%s: too long (%zu > %d octets)", what,
                         digits / 2, (int)KEY_MAX);
    for (size_t i = 0; i < digits; i += 2) {
        int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0)
            return error_set(error, "%s: no hexadecimal digits at %zu", what,
                             i);
        out->octets[out->size++] = (uint8_t)(16 * high + low);
    }
    return true;
}

static bool parse_ike_spi(const char *text, const char *what, uint64_t *out,
                          struct error *error)
{
    struct key octets;

    if (!parse_hex(text, what, &octets, error))
        return false;
    if (octets.size != 8)
        return error_set(error, "%s: %u octets, not 8", what,
                         (unsigned)octets.size);
    *out = read_u64(octets.octets);
    return true;
}

static bool read_ike_row(struct trace_keys *keys, const struct fields *fields,
                         struct error *error)
{
    char *const *text = fields->text;
    const struct encr_name *encr;
    const struct integ_name *integ;
    struct ike_row row = {0};

    if (fields->count != IKE_FIELDS)
        return error_set(error, "%zu fields, not %d", fields->count,
                         (int)IKE_FIELDS);
    if (!parse_ike_spi(text[0], "initiator's SPI", &row.spis[0], error) ||
        !parse_ike_spi(text[1], "responder's SPI", &row.spis[1], error) ||
        !parse_hex(text[2], "SK_ei", &row.ei, error) ||
        !parse_hex(text[3], "SK_er", &row.er, error) ||
        !parse_hex(text[5], "SK_ai", &row.ai, error) ||
        !parse_hex(text[6], "SK_ar", &row.ar, error))
        return false;
    encr = encr_name_find(TABLE_IKE, text[4]);
    integ = integ_name_find(TABLE_IKE, text[7]);
    if (!encr || !integ) {
        keys->unusable++;
        return true;
    }
    row.suite.encr = encr->id;
    row.suite.encr_bits = encr->key_bits;
    row.suite.integ = integ->id;
    bool added = keys_add_ike_row(keys, &row, error);
    memory_cleanse(&row, sizeof row);
    return added || !error->text[0];
}

/* "0x" and digits; else the characters themselves, as Wireshark has it. */
static bool parse_esp_key(const char *text, const char *what, struct key *out,
                          struct error *error)
{
    size_t size = strlen(text);

    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        return parse_hex(text + 2, what, out, error);
    if (size > KEY_MAX)
        return error_set(error, "%s: too long (%zu > %d octets)", what, size,
                         (int)KEY_MAX);
    out->size = (uint8_t)size;
    memcpy(out->octets, text, size);
    return true;
}

static bool parse_u32(const char *text, int base, uint32_t *out);

/* "*" and patterns stand for any: the SPI decides, and the ICV. A prefix is
 * kept, so that what is beyond it is not called forged. */
static bool parse_esp_address(const char *text, const char *what,
                              struct address *out, uint8_t *prefix,
                              struct error *error)
{
    char address[64];
    size_t size = strcspn(text, "/");
    uint32_t bits;

    *out = (struct address){0};
    *prefix = 0;
    if (!text[0] || strchr(text, '*'))
        return true;
    snprintf(address, sizeof address, "%.*s", (int)(size < 63 ? size : 63),
             text);
    if (!address_parse(address, out))
        return error_set(error, "%s: no address: %.60s", what, text);
    if (text[size] == '\0')
        return true;
    if (!parse_u32(text + size + 1, 10, &bits) || bits > 8 * address_size(out))
        return error_set(error, "%s: no prefix: %.60s", what, text);
    *prefix = (uint8_t)bits;
    if (bits == 0)
        *out = (struct address){0};
    return true;
}

static bool parse_u32(const char *text, int base, uint32_t *out)
{
    char *end;
    unsigned long long value;

    if (!*text || *text == '-' || *text == '+' || *text == ' ')
        return false;
    errno = 0;
    value = strtoull(text, &end, base);
    if (*end || errno || value > UINT32_MAX)
        return false;
    *out = (uint32_t)value;
    return true;
}

static bool read_esn(const struct fields *fields, struct esp_row *row,
                     struct error *error)
{
    if (fields->count == ESP_FIELDS)
        return true;
    if (fields->count != ESP_FIELDS_WITH_ESN)
        return error_set(error, "%zu fields, not %d or %d", fields->count,
                         (int)ESP_FIELDS, (int)ESP_FIELDS_WITH_ESN);
    row->esn_known = true;
    row->suite.esn = strcmp(fields->text[8], "64-bit") == 0;
    if (!row->suite.esn && strcmp(fields->text[8], "32-bit") != 0)
        return error_set(error, "sequence numbers: %.20s, not 32-bit or 64-bit",
                         fields->text[8]);
    if (!parse_u32(fields->text[9], 16, &row->high))
        return error_set(error, "high half of the sequence number: %.20s",
                         fields->text[9]);
    return true;
}

/* What the key's size says of an algorithm whose name does not. */
static uint16_t esp_key_bits(const struct encr_name *encr,
                             const struct key *key)
{
    unsigned salt = 0;

    switch (encr->id) {
    case ENCR_AES_GCM_8:
    case ENCR_AES_GCM_12:
    case ENCR_AES_GCM_16:
    case ENCR_AES_CTR:
        salt = 4;
        break;
    case ENCR_AES_CBC:
    case ENCR_CAST:
    case ENCR_BLOWFISH:
        break;
    default:
        return 0;
    }
    return key->size > salt ? (uint16_t)(8 * (key->size - salt)) : 0;
}

static bool esp_suite(struct esp_row *row, const char *encr_text,
                      const char *integ_text, struct error *error)
{
    const struct encr_name *encr = encr_name_find(TABLE_ESP, encr_text);
    const struct integ_name *integ = integ_name_find(TABLE_ESP, integ_text);
    const struct encr_info *info;

    if (!encr || !integ)
        return false;
    row->icv_presumed = encr->icv_presumed;
    row->suite.encr = encr->id;
    row->suite.encr_bits = esp_key_bits(encr, &row->encr);
    info = encr_lookup(encr->id, row->suite.encr_bits);
    if (!info && row->suite.encr_bits)
        return error_set(error, "encryption key: %u octets do not fit %s",
                         (unsigned)row->encr.size, encr_text);
    if (info && info->icv_size > 0)
        row->integ.size = 0;
    else
        row->suite.integ = integ->id;
    return true;
}

/* A number, "*", or 0x and eight digits of which some are "*", as Wireshark
 * has it. */
static bool parse_esp_spi(const char *text, struct esp_row *row)
{
    row->spi = row->spi_mask = 0;
    if (!strchr(text, '*')) {
        row->spi_mask = UINT32_MAX;
        return parse_u32(text, 0, &row->spi);
    }
    if (strcmp(text, "*") == 0)
        return true;
    if (text[0] != '0' || (text[1] != 'x' && text[1] != 'X') ||
        strlen(text) != 10)
        return false;
    for (text += 2; *text; text++) {
        int digit = *text == '*' ? 0 : hex_digit(*text);
        if (digit < 0)
            return false;
        row->spi = row->spi << 4 | (uint32_t)digit;
        row->spi_mask = row->spi_mask << 4 | (*text == '*' ? 0 : 15);
    }
    return true;
}

static bool read_esp_row(struct trace_keys *keys, const struct fields *fields,
                         struct error *error)
{
    char *const *text = fields->text;
    struct esp_row row = {0};
    uint8_t prefix;

    if (fields->count < ESP_FIELDS)
        return error_set(error, "%zu fields, not %d or %d", fields->count,
                         (int)ESP_FIELDS, (int)ESP_FIELDS_WITH_ESN);
    if (!parse_esp_address(text[1], "source", &row.source, &prefix, error) ||
        !parse_esp_address(text[2], "destination", &row.destination,
                           &row.prefix, error) ||
        !parse_esp_key(text[5], "encryption key", &row.encr, error) ||
        !parse_esp_key(text[7], "authentication key", &row.integ, error) ||
        !read_esn(fields, &row, error))
        return false;
    if (!parse_esp_spi(text[3], &row))
        return error_set(error, "no SPI: %.20s", text[3]);
    bool added = esp_suite(&row, text[4], text[6], error);
    if (added)
        added = keys_add_esp_row(keys, &row, error);
    else if (!error->text[0])
        keys->unusable++;
    memory_cleanse(&row, sizeof row);
    return added || !error->text[0];
}

static bool is_esp_row(const struct fields *fields)
{
    return strcmp(fields->text[0], "IPv4") == 0 ||
           strcmp(fields->text[0], "IPv6") == 0 ||
           strcmp(fields->text[0], "Any") == 0;
}

/* "secret SPIi g^ir", both hexadecimal. */
static bool read_secret(struct trace_keys *keys, char *text,
                        struct error *error)
{
    struct ike_secret secret = {0};
    char *save, *spi = strtok_r(text, " \t", &save);
    char *octets = strtok_r(NULL, " \t", &save);
    bool ok;

    if (!spi || !octets || strtok_r(NULL, " \t", &save))
        return error_set(error, "not 'secret SPIi HEX'");
    size_t digits = strlen(octets);
    ok = parse_ike_spi(spi, "initiator's SPI", &secret.spi_i, error);
    if (ok && (digits % 2 != 0 || digits / 2 > SECRET_MAX))
        ok = error_set(error, "secret: %zu digits, not an even number up to %d",
                       digits, 2 * SECRET_MAX);
    for (size_t i = 0; ok && i < digits; i += 2) {
        int high = hex_digit(octets[i]), low = hex_digit(octets[i + 1]);
        if (high < 0 || low < 0)
            ok = error_set(error, "secret: no hexadecimal digits at %zu", i);
        secret.octets[secret.size++] = (uint8_t)(16 * high + low);
    }
    if (ok)
        keys_add_secret(keys, &secret);
    memory_cleanse(&secret, sizeof secret);
    return ok;
}

static bool read_line(struct trace_keys *keys, char *line, struct error *error)
{
    struct fields fields;
    const size_t own = strlen(KEYS_OWN_ROW);

    line[strcspn(line, "\r\n")] = '\0';
    if (strncmp(line, KEYS_OWN_ROW, own) == 0)
        line += own;
    line = skip_blanks(line);
    if (!*line || *line == '#')
        return true;
    if (strncmp(line, "secret", 6) == 0 && (line[6] == ' ' || line[6] == '\t'))
        return read_secret(keys, line + 6, error);
    if (!split(line, &fields, error))
        return false;
    return is_esp_row(&fields) ? read_esp_row(keys, &fields, error)
                               : read_ike_row(keys, &fields, error);
}

static bool read_table(struct trace_keys *keys, FILE *file, const char *path,
                       struct error *error)
{
    char line[LINE_MAX_SIZE];
    size_t number = 0;
    bool ok = true;

    while (ok && fgets(line, sizeof line, file)) {
        number++;
        error->text[0] = '\0';
        if (strlen(line) == sizeof line - 1 && line[sizeof line - 2] != '\n')
            ok =
                error_set(error, "longer than %zu characters", sizeof line - 2);
        else
            ok = read_line(keys, line, error);
        if (!ok)
            error_prefix(error, "%s:%zu", path, number);
    }
    if (ok && ferror(file))
        ok = error_set(error, "%s: %s", path, strerror(errno));
    memory_cleanse(line, sizeof line);
    return ok;
}

static bool load(struct trace_keys *keys, const char *path, bool optional,
                 struct error *error)
{
    struct error own = {{0}};
    FILE *file = fopen(path, "re");

    if (!file && optional && errno == ENOENT)
        return true;
    if (!file)
        return error_set(error, "%s: %s", path, strerror(errno));
    bool ok = read_table(keys, file, path, &own);
    fclose(file);
    return ok || error_set(error, "%s", own.text);
}

bool trace_keys_load(struct trace_keys *keys, const char *path,
                     struct error *error)
{
    return load(keys, path, false, error);
}

bool trace_keys_load_directory(struct trace_keys *keys, const char *directory,
                               struct error *error)
{
    static const char *const tables[] = {"ikev2_decryption_table", "esp_sa"};
    struct buffer path = {0};
    bool ok = true;

    if (access(directory, R_OK | X_OK) != 0)
        return error_set(error, "%s: %s", directory, strerror(errno));
    for (size_t i = 0; ok && i < 2; i++) {
        buffer_clear(&path);
        buffer_format(&path, "%s/%s", directory, tables[i]);
        buffer_u8(&path, 0);
        ok = load(keys, (const char *)path.data, true, error);
    }
    buffer_free(&path);
    return ok;
}
