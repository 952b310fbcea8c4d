/* Key tables: what Wireshark, strongSwan and we write. */
#include "trace/keys_private.h"
#include "trace_support.h"

static struct key key_of(uint8_t first, uint8_t size)
{
    struct key key = {.size = size};

    for (unsigned i = 0; i < size; i++)
        key.octets[i] = (uint8_t)(first + i);
    return key;
}

static const struct {
    uint16_t encr, bits, integ;
    uint8_t encr_size, integ_size;
} suites[] = {
    {ENCR_AES_CBC, 128, AUTH_HMAC_SHA2_256_128, 16, 32},
    {ENCR_AES_CBC, 192, AUTH_HMAC_SHA2_384_192, 24, 48},
    {ENCR_AES_CBC, 256, AUTH_HMAC_SHA2_512_256, 32, 64},
    {ENCR_AES_GCM_16, 128, AUTH_NONE, 20, 0},
    {ENCR_AES_GCM_16, 192, AUTH_NONE, 28, 0},
    {ENCR_AES_GCM_16, 256, AUTH_NONE, 36, 0},
    {ENCR_CHACHA20_POLY1305, 0, AUTH_NONE, 36, 0},
    {ENCR_NULL, 0, AUTH_HMAC_SHA2_256_128, 0, 32},
};
enum { SUITES = sizeof suites / sizeof suites[0] };

static struct suite suite_of(size_t i, bool esn)
{
    return (struct suite){.encr = suites[i].encr,
                          .encr_bits = suites[i].bits,
                          .integ = suites[i].integ,
                          .esn = esn};
}

static struct trace_keys *all_keys(bool esn)
{
    struct trace_keys *keys = trace_keys_new();
    struct address from = endpoint_at("192.0.2.1", 0).address;
    struct address to = endpoint_at("192.0.2.2", 0).address;
    struct address to_6 = endpoint_at("2001:db8::2", 0).address;
    struct address any = {0};

    for (unsigned i = 0; i < SUITES; i++) {
        struct suite suite = suite_of(i, esn && i % 2);
        struct ike_keys ike = {
            .ei = key_of((uint8_t)i, suites[i].encr_size),
            .er = key_of((uint8_t)(100 + i), suites[i].encr_size),
            .ai = key_of((uint8_t)(10 + i), suites[i].integ_size),
            .ar = key_of((uint8_t)(110 + i), suites[i].integ_size),
        };
        trace_keys_add_ike(keys, 0x0102030405060700 + i, 0xf0 + i, &suite,
                           &ike);
        trace_keys_add_esp(keys, i == 2 ? &any : &from,
                           i < 2    ? &any
                           : i == 5 ? &to_6
                                    : &to,
                           0xc0000000 + i, &suite, &ike.ei, &ike.ai);
    }
    ck_assert_uint_eq(trace_keys_ike_count(keys), SUITES);
    ck_assert_uint_eq(trace_keys_esp_count(keys), SUITES);
    ck_assert_uint_eq(trace_keys_unusable(keys), 0);
    return keys;
}

static bool key_same(const struct key *a, const struct key *b)
{
    return bytes_equal(key_view(a), key_view(b));
}

START_TEST(round_trip)
{
    struct error error = {{0}};
    struct trace_keys *keys = all_keys(true), *again = trace_keys_new();

    ck_assert(trace_keys_write(keys, scratch, &error));
    if (!trace_keys_load_directory(again, scratch, &error))
        ck_abort_msg("%s", error.text);
    ck_assert_uint_eq(trace_keys_ike_count(again), SUITES);
    ck_assert_uint_eq(trace_keys_esp_count(again), SUITES);
    ck_assert_uint_eq(trace_keys_unusable(again), 0);
    for (uint32_t i = 0; i < SUITES; i++) {
        const struct ike_row *a =
            keys_find_ike(keys, 0x0102030405060700 + i, 0xf0 + i);
        const struct ike_row *b =
            keys_find_ike(again, 0x0102030405060700 + i, 0xf0 + i);
        ck_assert(key_same(&a->ei, &b->ei) && key_same(&a->er, &b->er) &&
                  key_same(&a->ai, &b->ai) && key_same(&a->ar, &b->ar));
        ck_assert_uint_eq(a->suite.encr, b->suite.encr);
        ck_assert_uint_eq(a->suite.encr_bits, b->suite.encr_bits);
        ck_assert_uint_eq(a->suite.integ, b->suite.integ);
        const struct esp_row *c = keys_find_esp(keys, 0xc0000000 + i);
        const struct esp_row *d = keys_find_esp(again, 0xc0000000 + i);
        ck_assert(key_same(&c->encr, &d->encr) &&
                  key_same(&c->integ, &d->integ));
        ck_assert(address_equal(&c->source, &d->source));
        ck_assert(address_equal(&c->destination, &d->destination));
        ck_assert_uint_eq(c->suite.encr, d->suite.encr);
        ck_assert_uint_eq(c->suite.encr_bits, d->suite.encr_bits);
        ck_assert_uint_eq(c->suite.integ, d->suite.integ);
        ck_assert_int_eq(c->suite.esn, d->suite.esn);
        ck_assert_int_eq(c->esn_known, d->esn_known);
    }
    trace_keys_free(keys);
    trace_keys_free(again);
}
END_TEST

/* Written twice they are the same; Wireshark loads them without a word. (With
 * ESN, which it knows from 4.2 on, 4.0 warns of the two columns more.) */
START_TEST(tshark_loads_the_tables)
{
    struct error error = {{0}};
    struct trace_keys *keys = all_keys(false);
    size_t complaints;

    ck_assert(trace_keys_write(keys, scratch, &error));
    struct trace_writer *writer =
        trace_writer_open(scratch_path("t.pcapng"), LINKTYPE_RAW, &error);
    trace_writer_close(writer, NULL);
    char arguments[200];
    snprintf(arguments, sizeof arguments, "-r %s", scratch_path("t.pcapng"));
    struct buffer out = tshark(arguments, &complaints);
    ck_assert_uint_eq(complaints, 0);
    buffer_free(&out);

    struct buffer first = scratch_read("esp_sa");
    ck_assert_uint_eq(count_lines(&first), SUITES);
    ck_assert(trace_keys_write(keys, scratch, &error));
    struct buffer second = scratch_read("esp_sa");
    ck_assert(bytes_equal(buffer_view(&first), buffer_view(&second)));
    buffer_free(&first);
    buffer_free(&second);
    trace_keys_free(keys);
}
END_TEST

#define IKE_SPIS "0102030405060708,1112131415161718,"
#define KEY16 "000102030405060708090a0b0c0d0e0f"
#define KEY20 KEY16 "10111213"
#define KEY24 KEY20 "14151617"
#define KEY32 KEY16 KEY16

static struct trace_keys *load_text(const char *text, struct error *error)
{
    struct trace_keys *keys = trace_keys_new();

    error->text[0] = '\0';
    scratch_write("table", bytes_of_string(text));
    if (trace_keys_load(keys, scratch_path("table"), error))
        return keys;
    ck_assert_str_ne(error->text, "");
    trace_keys_free(keys);
    return NULL;
}

START_TEST(rows_of_others)
{
    static const struct {
        const char *text;
        size_t ike, esp, unusable;
    } rows[] = {
        {"", 0, 0, 0},
        {"# a comment\n\n   \r\n", 0, 0, 0},
        /* as strongSwan's save-keys writes them */
        {IKE_SPIS KEY16 "," KEY16 ",\"AES-CBC-128 [RFC3602]\"," KEY32 "," KEY32
                        ",\"HMAC_SHA2_256_128 [RFC4868]\"\n",
         1, 0, 0},
        {IKE_SPIS KEY20 "," KEY20 ",\"AES-GCM-128 with 16 octet ICV "
                        "[RFC5282]\",,,\"NONE [RFC4306]\"",
         1, 0, 0},
        {"\"IPv4\",\"*\",\"192.0.2.2\",\"0xc0ffee00\",\"AES-GCM [RFC4106]\","
         "\"0x" KEY20 "\",\"NULL\",\"0x\"\n",
         0, 1, 0},
        /* as Wireshark's own dialogue does */
        {"\"IPv6\",\"2001:db8::*\",\"2001:db8::/64\",\"3237998080\","
         "\"AES-CBC [RFC3602]\",\"0x" KEY16 "\","
         "\"HMAC-SHA-256-128 [RFC4868]\",\"0x" KEY32 "\",\"64-bit\",\"1f\"\r\n",
         0, 1, 0},
        {"\"Any\" , \"*\" , \"*\" , \"0x1\" , \"AES-CBC [RFC3602]\" , "
         "\"sixteen, \\x6fctets!\",\"HMAC-SHA-256-128 [RFC4868]\",\"0x" KEY32
         "\"\n",
         0, 1, 0},
        /* the newer one counts */
        {IKE_SPIS KEY20 "," KEY20 ",\"AES-GCM-128 with 16 octet ICV "
                        "[RFC5282]\",,,\"NONE [RFC4306]\"\n" IKE_SPIS KEY20
                        "," KEY20 ",\"AES-GCM-128 with 16 octet ICV "
                        "[RFC5282]\",\"\",\"\",\"NONE [RFC4306]\"\n",
         1, 0, 0},
        /* what we cannot use is counted */
        {IKE_SPIS "00,00,\"CAMELLIA-CBC [RFC5529]\",00,00,\"HMAC_SHA1_96 "
                  "[RFC2404]\"\n",
         0, 0, 1},
        /* what others use */
        {IKE_SPIS KEY24 "," KEY24 ",\"3DES [RFC2451]\"," KEY20 "," KEY20
                        ",\"HMAC_SHA1_96 [RFC2404]\"\n",
         1, 0, 0},
        {IKE_SPIS KEY16 "000000," KEY16 "000000,\"AES-CCM-128 with 8 octet "
                        "ICV [RFC5282]\",,,\"NONE [RFC4306]\"\n",
         1, 0, 0},
        {"\"IPv4\",\"*\",\"192.0.2.0/24\",\"0xc0ff****\","
         "\"AES-CTR [RFC3686]\",\"0x" KEY20
         "\",\"HMAC-SHA-1-96 [RFC2404]\",\"0x" KEY20 "\"\n"
         "\"IPv4\",\"*\",\"*\",\"0x1\",\"BLOWFISH-CBC [RFC2451]\",\"0x" KEY16
         "\",\"HMAC-MD5-96 [RFC2403]\",\"0x" KEY16 "\"\n"
         "\"IPv4\",\"*\",\"*\",\"0x1\",\"AES-GCM with 8 octet ICV "
         "[RFC4106]\",\"0x" KEY20 "\",\"NULL\",\"0x\"\n",
         0, 3, 0},
        /* without a check it proves nothing */
        {"\"IPv4\",\"*\",\"*\",\"0x1\",\"AES-CBC [RFC3602]\",\"0x" KEY16
         "\",\"ANY 96 bit authentication [no checking]\",\"0x\"\n",
         0, 0, 1},
        {"secret 0102030405060708 00112233445566778899aabbccddeeff\n", 0, 0, 0},
        {"\"IPv4\",\"*\",\"*\",\"0x1\",\"AES-CBC [RFC3602]\",\"0x" KEY16
         "\",\"NULL\",\"0x\"\n"
         "\"IPv4\",\"*\",\"*\",\"*\",\"AES-GCM [RFC4106]\",\"0x" KEY20
         "\",\"NULL\",\"0x\"\n",
         0, 1, 1},
    };
    struct error error;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trace_keys *keys = load_text(rows[i].text, &error);
        if (!keys)
            ck_abort_msg("row %zu: %s", i, error.text);
        ck_assert_uint_eq(trace_keys_ike_count(keys), rows[i].ike);
        ck_assert_uint_eq(trace_keys_esp_count(keys), rows[i].esp);
        ck_assert_uint_eq(trace_keys_unusable(keys), rows[i].unusable);
        trace_keys_free(keys);
    }
}
END_TEST

START_TEST(fields_are_understood)
{
    struct error error;
    struct trace_keys *keys = load_text(
        "\"IPv6\",\"2001:db8::1\",\"2001:db8::2\",\"3237998080\","
        "\"AES-CBC [RFC3602]\",\"sixteen, \\x6fctets!\","
        "\"HMAC-SHA-256-128 [RFC4868]\",\"0x" KEY32 "\",\"64-bit\",\"0x1f\"\n",
        &error);
    const struct esp_row *row = keys_find_esp(keys, 0xc0ffee00);
    struct address to = endpoint_at("2001:db8::2", 0).address;

    ck_assert_ptr_nonnull(row);
    ck_assert(address_equal(&row->destination, &to));
    ck_assert(row->suite.esn && row->esn_known && !row->icv_presumed);
    ck_assert_uint_eq(row->high, 0x1f);
    ck_assert_uint_eq(row->suite.encr_bits, 128);
    ck_assert(
        bytes_equal(key_view(&row->encr), bytes_of_string("sixteen, octets!")));
    trace_keys_free(keys);
}
END_TEST

START_TEST(unreadable_rows)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"# one\nnonsense\n", "table:2: 1 fields, not 8"},
        {"\"IPv4\",\"*\"\n", "table:1: 2 fields, not 8 or 10"},
        {"\"IPv4\",\"*\n", "table:1: a quote is not closed"},
        {"\"IPv4\"x,\n", "table:1: 'x' where a comma should be"},
        {"a,b,c,d,e,f,g,h,i,j,k,l,m\n", "table:1: more than 12 fields"},
        {"01,02,,,\"\",,,\"\"\n", "initiator's SPI: 1 octets, not 8"},
        {IKE_SPIS "0g,00,\"\",,,\"\"\n", "SK_ei: no hexadecimal digits at 0"},
        {IKE_SPIS "000,00,\"\",,,\"\"\n", "SK_ei: odd number of digits (3)"},
        {IKE_SPIS KEY32 KEY32 "00,00,\"\",,,\"\"\n",
         "SK_ei: too long (65 > 64 octets)"},
        {"\"IPv4\",\"*\",\"nowhere\",\"0x1\",\"NULL\",\"\",\"NULL\",\"\"\n",
         "destination: no address: nowhere"},
        {"\"IPv4\",\"*\",\"*\",\"-1\",\"NULL\",\"\",\"NULL\",\"\"\n",
         "no SPI: -1"},
        {"\"IPv4\",\"*\",\"*\",\"0x100000000\",\"NULL\",\"\",\"NULL\",\"\"\n",
         "no SPI: 0x100000000"},
        {"\"IPv4\",\"*\",\"*\",\"0x1\",\"NULL\",\"\",\"NULL\",\"\",\"64\"\n",
         "9 fields, not 8 or 10"},
        {"\"IPv4\",\"*\",\"*\",\"0x1\",\"NULL\",\"\",\"NULL\",\"\",\"64\",\"0\""
         "\n",
         "not 32-bit or 64-bit"},
        {"\"IPv4\",\"*\",\"10.0.0.0/33\",\"0x1\",\"NULL\",\"\",\"NULL\",\"\""
         "\n",
         "destination: no prefix: 10.0.0.0/33"},
        {"\"IPv4\",\"*\",\"*\",\"0x12*\",\"NULL\",\"\",\"NULL\",\"\"\n",
         "no SPI: 0x12*"},
        {"secret 01\n", "table:1: not 'secret SPIi HEX'"},
        {"secret 01 02\n", "initiator's SPI: 1 octets, not 8"},
        {"secret 0102030405060708 123\n", "secret: 3 digits"},
        {"secret 0102030405060708 zz\n", "no hexadecimal digits at 0"},
        /* a key of the wrong size, with both numbers */
        {IKE_SPIS KEY16 "," KEY16 ",\"AES-GCM-128 with 16 octet ICV "
                        "[RFC5282]\",,,\"NONE [RFC4306]\"\n",
         "table:1: "},
        {"\"IPv4\",\"*\",\"*\",\"0x1\",\"AES-CBC [RFC3602]\",\"0x" KEY20
         "\",\"HMAC-SHA-256-128 [RFC4868]\",\"0x" KEY32 "\"\n",
         "encryption key: 20 octets do not fit AES-CBC [RFC3602]"},
    };
    struct error error;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trace_keys *keys = load_text(rows[i].text, &error);
        ck_assert_msg(!keys, "row %zu was read", i);
        if (!strstr(error.text, rows[i].error))
            ck_abort_msg("'%s' is not in '%s'", rows[i].error, error.text);
        ck_assert_ptr_nonnull(strstr(error.text, scratch));
    }
}
END_TEST

START_TEST(long_lines)
{
    struct buffer text = {0};
    struct error error;

    memset(buffer_space(&text, 5000), 'a', 5000);
    buffer_u8(&text, 0);
    ck_assert_ptr_null(load_text((const char *)text.data, &error));
    ck_assert_ptr_nonnull(strstr(error.text, ":1: longer than 4094"));
    buffer_free(&text);
}
END_TEST

START_TEST(files_and_folders)
{
    struct error error = {{0}};
    struct trace_keys *keys = all_keys(true), *none = trace_keys_new();

    ck_assert(trace_keys_load_directory(none, scratch, &error)); /* empty */
    ck_assert_uint_eq(trace_keys_ike_count(none), 0);
    ck_assert(!trace_keys_load_directory(none, "/nowhere", &error));
    ck_assert_ptr_nonnull(strstr(error.text, "/nowhere: "));
    ck_assert(!trace_keys_load(none, "/nowhere/esp_sa", &error));
    ck_assert_ptr_nonnull(strstr(error.text, "/nowhere/esp_sa: "));
    ck_assert(!trace_keys_load(none, "/tmp", &error));
    ck_assert(!trace_keys_write(keys, "/nowhere", &error));
    ck_assert_ptr_nonnull(strstr(error.text, "/nowhere/"));
    trace_keys_free(keys);
    trace_keys_free(none);
}
END_TEST

/* Rows with suites that are none count as unusable and do no harm. */
START_TEST(unusable_suites)
{
    struct trace_keys *keys = trace_keys_new();
    struct address any = {0};
    struct ike_keys ike = {.ei = key_of(1, 16), .er = key_of(2, 16)};
    struct suite no_integ = {.encr = ENCR_AES_CBC, .encr_bits = 128};
    struct suite unknown = {.encr = 999};
    struct suite no_salt = {.encr = ENCR_AES_GCM_16, .encr_bits = 128};

    trace_keys_add_ike(keys, 1, 2, &no_integ, &ike);
    trace_keys_add_ike(keys, 1, 2, &unknown, &ike);
    trace_keys_add_ike(keys, 1, 2, &no_salt, &ike);
    trace_keys_add_esp(keys, &any, &any, 3, &no_integ, &ike.ei, NULL);
    trace_keys_add_esp(keys, &any, &any, 3, &no_salt, &ike.ei, NULL);
    ck_assert_uint_eq(trace_keys_ike_count(keys), 0);
    ck_assert_uint_eq(trace_keys_esp_count(keys), 0);
    ck_assert_uint_eq(trace_keys_unusable(keys), 5);
    trace_keys_free(keys);
    trace_keys_free(NULL);
}
END_TEST

/* Characters changed at random: rows or an error, nothing else. */
START_TEST(garbled_tables)
{
    static const char *const tables[] = {"ikev2_decryption_table", "esp_sa"};
    static const char likely[] = "\",\\x0123456789abcdef*/#\n -:";
    struct trace_keys *keys = all_keys(true);
    struct rng_seeded rng;
    struct error error;
    size_t loaded = 0;

    rng_seed(&rng, 1);
    ck_assert(trace_keys_write(keys, scratch, NULL));
    struct buffer table = scratch_read(tables[_i]);
    for (unsigned round = 0; round < 3000; round++) {
        struct buffer copy = {0};
        buffer_bytes(&copy, buffer_view(&table));
        for (unsigned n = rng_u32(&rng.rng) % 4; n > 0; n--) {
            uint32_t random = rng_u32(&rng.rng);
            copy.data[(random >> 8) % copy.size] =
                random & 1 ? (uint8_t)likely[(random >> 1) % 27]
                           : (uint8_t)random;
        }
        buffer_u8(&copy, 0);
        struct trace_keys *some = load_text((const char *)copy.data, &error);
        loaded += some != NULL;
        trace_keys_free(some);
        buffer_free(&copy);
    }
    ck_assert_uint_gt(loaded, 0);
    ck_assert_uint_lt(loaded, 3000);
    buffer_free(&table);
    trace_keys_free(keys);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace_keys");
    TCase *tests = tcase_create("trace_keys");

    tcase_add_checked_fixture(tests, scratch_make, scratch_remove);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, round_trip);
    tcase_add_test(tests, tshark_loads_the_tables);
    tcase_add_test(tests, rows_of_others);
    tcase_add_test(tests, fields_are_understood);
    tcase_add_test(tests, unreadable_rows);
    tcase_add_test(tests, long_lines);
    tcase_add_test(tests, files_and_folders);
    tcase_add_test(tests, unusable_suites);
    tcase_add_loop_test(tests, garbled_tables, 0, 2);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
