/* Certificates and fragmentation: IKE_AUTH messages that are large. */
#include "tests/ike_pair.h"

#include <stdarg.h>
#include <unistd.h>

static char dir[] = "/tmp/ike_cert_test.XXXXXX";

static void shell(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

static void shell(const char *format, ...)
{
    char command[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    if (system(command)) {
        fprintf(stderr, "failed: %s\n", command);
        exit(EXIT_FAILURE);
    }
}

#define EC "ec -pkeyopt ec_paramgen_curve:"

/* An authority `name`.pem and what it signs. */
static void make_authority(const char *name)
{
    shell("cd %s && openssl req -x509 -newkey " EC "P-256 -nodes -days 30 "
          "-keyout %s.key -subj /CN=%s -out %s.pem 2>/dev/null",
          dir, name, name, name);
}

static void make_leaf(const char *name, const char *key, const char *authority)
{
    shell("cd %s && { openssl req -newkey %s -nodes -keyout %s.key "
          "-subj /CN=%s -out %s.csr && openssl x509 -req -in %s.csr "
          "-CA %s.pem -CAkey %s.key -CAcreateserial -days 30 "
          "-out %s.pem; } 2>/dev/null",
          dir, key, name, name, name, name, authority, authority, name);
}

static void make_all(void)
{
    if (!mkdtemp(dir))
        exit(EXIT_FAILURE);
    make_authority("ca");
    make_authority("other");
    make_leaf("rsa_a", "rsa:2048", "ca");
    make_leaf("rsa_b", "rsa:2048", "ca");
    make_leaf("p256_a", EC "P-256", "ca");
    make_leaf("p256_b", EC "P-256", "ca");
    make_leaf("p384_a", EC "P-384", "ca");
    make_leaf("p384_b", EC "P-384", "ca");
    make_leaf("stranger", EC "P-256", "other");
}

static struct credential *load(const char *name, bool with_key)
{
    char certificate[256], key[256];
    struct error error = {{0}};
    snprintf(certificate, sizeof certificate, "%s/%s.pem", dir, name);
    snprintf(key, sizeof key, "%s/%s.key", dir, name);
    struct credential *c =
        credential_load(certificate, with_key ? key : NULL, &error);
    ck_assert_msg(c != NULL, "%s", error.text);
    return c;
}

struct certified {
    struct pair pair;
    struct credential *ca, *a, *b;
};

static void certify(struct certified *t, const char *a, const char *b,
                    uint8_t method, uint16_t hash)
{
    pair_start(&t->pair, 1);
    t->ca = load("ca", false);
    t->a = load(a, true);
    t->b = load(b, true);
    struct ike_config *configs[] = {&t->pair.a.config, &t->pair.b.config};
    for (int i = 0; i < 2; i++) {
        configs[i]->psk = (struct bytes){0};
        configs[i]->auth_method = method;
        configs[i]->auth_hash = hash;
        configs[i]->authority = t->ca;
        configs[i]->credential = i ? t->b : t->a;
    }
}

static void certified_connect(struct certified *t)
{
    pair_hosts(&t->pair);
    pair_connect(&t->pair);
    pair_settle(&t->pair);
}

static void certified_end(struct certified *t)
{
    pair_end(&t->pair);
    credential_free(t->ca);
    credential_free(t->a);
    credential_free(t->b);
}

START_TEST(every_method)
{
    static const struct {
        const char *a, *b;
        uint8_t method;
        uint16_t hash;
    } cases[] = {
        {"rsa_a", "rsa_b", AUTH_RSA, 0},
        {"p256_a", "p256_b", AUTH_ECDSA_256, 0},
        {"p384_a", "p384_b", AUTH_ECDSA_384, 0},
        {"rsa_a", "rsa_b", AUTH_SIGNATURE, HASH_SHA2_256},
        {"rsa_a", "p256_b", AUTH_SIGNATURE, HASH_SHA2_384},
        {"p384_a", "rsa_b", AUTH_SIGNATURE, HASH_SHA2_512},
        {"p256_a", "p384_b", AUTH_SIGNATURE, HASH_SHA1}, /* never announced */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct certified t;
        certify(&t, cases[i].a, cases[i].b, cases[i].method, cases[i].hash);
        certified_connect(&t);
        assert_established(&t.pair, 1);
        assert_alive(&t.pair);
        certified_end(&t);
    }
}
END_TEST

START_TEST(who_is_refused)
{
    for (int i = 0; i < 5; i++) {
        struct certified t;
        certify(&t, i == 0 ? "stranger" : "p256_a",
                i == 1 ? "stranger" : "p256_b", AUTH_SIGNATURE, HASH_SHA2_256);
        t.pair.a.config.local_id = (struct ike_id_payload){
            ID_DER_ASN1_DN,
            credential_subject(i == 2 ? t.b : t.a)}; /* 2: another's name */
        if (i == 3)                                  /* long expired */
            t.pair.now += UINT64_C(400 * 24 * 3600) * NS_PER_S;
        certified_connect(&t);
        if (i == 4) {
            assert_established(&t.pair, 1);
        } else {
            pair_run(&t.pair, 300 * NS_PER_S);
            ck_assert_ptr_null(ike_host_first(t.pair.a.host));
            ck_assert_ptr_null(ike_host_first(t.pair.b.host));
            if (i != 1)
                ck_assert_uint_eq(t.pair.a.error, AUTHENTICATION_FAILED);
        }
        certified_end(&t);
    }
}
END_TEST

START_TEST(psk_does_not_stand_for_a_certificate)
{
    struct certified t;
    certify(&t, "p256_a", "p256_b", AUTH_SIGNATURE, HASH_SHA2_256);
    t.pair.a.config.auth_method = AUTH_PSK;
    t.pair.a.config.psk = bytes_of_string("guessed");
    certified_connect(&t);
    ck_assert_uint_eq(t.pair.a.error, AUTHENTICATION_FAILED);
    ck_assert_ptr_null(ike_host_first(t.pair.b.host));
    certified_end(&t);
}
END_TEST

/* ---- Fragmentation (RFC 7383) ---- */

static size_t largest;
static unsigned fragments;

static void measure(struct pair *pair, const struct flying *f)
{
    (void)pair;
    if (f->octets.data[18] == IKE_SA_INIT)
        return;
    if (f->octets.size > largest)
        largest = f->octets.size;
    fragments += f->octets.data[16] == PAYLOAD_SKF;
}

START_TEST(fragments_of_every_size)
{
    static const struct suite suites[] = {
        {ENCR_AES_GCM_16, 256, 0, PRF_HMAC_SHA2_256, KE_CURVE25519, 0},
        {ENCR_AES_CBC, 256, AUTH_HMAC_SHA2_512_256, PRF_HMAC_SHA2_512,
         KE_ECP_256, 0}};
    for (size_t size = 120; size < 1500; size += 61)
        for (int s = 0; s < 2; s++) {
            struct certified t;
            certify(&t, "rsa_a", "rsa_b", AUTH_SIGNATURE, HASH_SHA2_256);
            t.pair.a.config.fragment_size = size;
            t.pair.b.config.fragment_size = size;
            t.pair.a.config.ike[0] = t.pair.b.config.ike[0] = suites[s];
            t.pair.seen = measure;
            largest = fragments = 0;
            certified_connect(&t);
            assert_established(&t.pair, 1);
            ck_assert_uint_le(largest, size);
            if (size < 600)
                ck_assert_uint_ge(fragments, 4);
            certified_end(&t);
        }
}
END_TEST

START_TEST(no_fragments_without_negotiation)
{
    struct certified t;
    certify(&t, "rsa_a", "rsa_b", AUTH_RSA, 0);
    t.pair.a.config.fragment_size = 200;
    t.pair.b.config.fragmentation = false;
    t.pair.seen = measure;
    fragments = 0;
    certified_connect(&t);
    assert_established(&t.pair, 1);
    ck_assert_uint_eq(fragments, 0);
    certified_end(&t);
}
END_TEST

START_TEST(fragments_with_loss_and_disorder)
{
    for (unsigned n = 0; n < 20; n++) {
        struct certified t;
        certify(&t, "rsa_a", "rsa_b", AUTH_SIGNATURE, HASH_SHA2_256);
        t.pair.a.config.fragment_size = t.pair.b.config.fragment_size = 300;
        t.pair.drop = drop_percent;
        t.pair.number = n;
        pair_hosts(&t.pair);
        pair_connect(&t.pair);
        pair_run(&t.pair, 100 * NS_PER_S);
        assert_established(&t.pair, 1);
        certified_end(&t);
    }
}
END_TEST

static bool drop_second_fragments(struct pair *pair, const struct flying *f)
{
    (void)pair;
    return f->octets.data[16] == PAYLOAD_SKF && f->octets.data[33] == 2;
}

START_TEST(incomplete_fragments_are_forgotten)
{
    struct certified t;
    certify(&t, "rsa_a", "rsa_b", AUTH_SIGNATURE, HASH_SHA2_256);
    t.pair.a.config.fragment_size = 300;
    t.pair.drop = drop_second_fragments;
    pair_hosts(&t.pair);
    pair_connect(&t.pair);
    pair_run(&t.pair, 1000 * NS_PER_S);
    ck_assert_ptr_null(ike_host_first(t.pair.a.host));
    ck_assert_ptr_null(ike_host_first(t.pair.b.host));
    ck_assert_uint_eq(t.pair.b.events[IKE_EVENT_REQUEST], 0);
    certified_end(&t);
}
END_TEST

/* Large requests and their repetitions after IKE_AUTH; 2.6.1: only the first
 * fragment of an answered request brings the answer again. */
START_TEST(repeated_fragments)
{
    struct pair pair;
    struct ike_message message = {.header.exchange = INFORMATIONAL};
    uint8_t *vendor = memory_take(3000);
    pair_established(&pair, 1);
    ike_message_add(&message, PAYLOAD_VENDOR, bytes_of(vendor, 3000));
    ck_assert(ike_request(sa_of(&pair.a), &message, pair.now, NULL));
    struct flying *f = pair.first;
    size_t count = 0;
    for (; f; f = f->next)
        count++;
    ck_assert_uint_eq(count, 3);
    pair_settle(&pair);
    ck_assert_uint_eq(pair.a.events[IKE_EVENT_RESPONSE], 3);
    pair.drop = drop_second_fragments; /* the rest arrives */
    ck_assert(ike_request(sa_of(&pair.a), &message, pair.now, NULL));
    pair_settle(&pair);
    ck_assert_uint_eq(pair.a.events[IKE_EVENT_RESPONSE], 3);
    pair.drop = NULL;
    unsigned sent = pair.b.sent;
    pair_run(&pair, NS_PER_S);
    ck_assert_uint_eq(pair.a.events[IKE_EVENT_RESPONSE], 4);
    /* The three of the repetition: one completes, the others are replays. */
    ck_assert_uint_eq(pair.b.sent, sent + 1);
    free(vendor);
    assert_alive(&pair);
    pair_end(&pair);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {every_method,
                            who_is_refused,
                            psk_does_not_stand_for_a_certificate,
                            fragments_of_every_size,
                            no_fragments_without_negotiation,
                            fragments_with_loss_and_disorder,
                            incomplete_fragments_are_forgotten,
                            repeated_fragments};
    Suite *suite =
        suite_of("ike certificates", tests, sizeof tests / sizeof tests[0]);
    make_all();
    int status = run_suite(suite);
    shell("rm -r %s", dir);
    return status;
}
