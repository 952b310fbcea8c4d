/* The anti-replay window and ESN against a model that keeps every number it
 * has accepted in a list, and finds a full number by its definition: the only
 * one with these low 32 bits among the 2^32 from the window's left edge on. */
#include <check.h>
#include <stdlib.h>

#include "esp/esp.h"

enum { STEPS = 400, RUNS = 300, IP_IN_IP = 4 };

static const uint64_t subspace = UINT64_C(1) << 32;

static struct crypto *crypto;
static struct rng_seeded rng;
static struct esp_sa out, in;

/* ---- The model ---- */

struct model {
    bool esn;
    uint64_t window, top;
    uint64_t seen[STEPS];
    size_t count;
};

static bool model_seen(const struct model *m, uint64_t number)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->seen[i] == number)
            return true;
    return false;
}

/* The receiver takes `number` for what it is: without ESN always. */
static bool model_understands(const struct model *m, uint64_t number)
{
    if (!m->esn)
        return true;
    /* left edge <= number < left edge + 2^32, as distances from the top */
    if (number > m->top)
        return number - m->top <= subspace - m->window;
    return m->top - number < m->window;
}

static bool model_accepts(const struct model *m, uint64_t number)
{
    return number && model_understands(m, number) &&
           (number > m->top || m->top - number < m->window) &&
           !model_seen(m, number);
}

static void model_take(struct model *m, uint64_t number)
{
    m->seen[m->count++] = number;
    if (number > m->top)
        m->top = number;
}

/* ---- Both side by side ---- */

static uint64_t below(uint64_t bound)
{
    uint8_t octets[8];
    rng_fill(&rng.rng, octets, sizeof octets);
    return bound ? read_u64(octets) % bound : 0;
}

static void start(uint32_t window, bool esn, uint64_t top)
{
    struct suite suite = {
        .encr = ENCR_AES_GCM_16, .encr_bits = 128, .esn = esn};
    struct key key = {.size = 20};

    rng_fill(&rng.rng, key.octets, key.size);
    esp_sa_init(&out, 0x4303, &suite, &key, &(struct key){0}, 0);
    esp_sa_init(&in, 0x4303, &suite, &key, &(struct key){0}, window);
    in.sequence = top; /* nothing in the window was received */
}

static void stop(void)
{
    esp_sa_clear(&out);
    esp_sa_clear(&in);
}

static enum esp_verdict pass(uint64_t number, bool corrupt)
{
    struct esp_override override = {.has_sequence = true, .sequence = number};
    struct buffer octets = {0}, plain = {0};
    struct bytes inner;
    uint8_t next_header;

    ck_assert(esp_seal(crypto, &rng.rng, &out, bytes_of_string("inner"),
                       IP_IN_IP, &override, &octets, NULL));
    octets.data[octets.size - 1] ^= corrupt;
    enum esp_verdict verdict = esp_open(crypto, &in, buffer_view(&octets),
                                        &plain, &inner, &next_header, NULL);
    buffer_free(&octets);
    buffer_free(&plain);
    return verdict;
}

/* Edges of the window, what is new, what was seen, and anything at all. */
static uint64_t choose(const struct model *m)
{
    uint64_t last = m->esn ? UINT64_MAX : UINT32_MAX, number;

    switch (below(10)) {
    case 0:
        number = m->top - m->window;
        break;
    case 1:
        number = m->top - m->window + 1;
        break;
    case 2:
        number = m->top + 1;
        break;
    case 3:
        number = m->top + below(m->window + 2);
        break;
    case 4:
    case 5:
        number = m->top - below(m->window + 2);
        break;
    case 6:
        number = m->count ? m->seen[below(m->count)] : m->top;
        break;
    case 7: /* the far edge of what can be understood */
        number = m->top - m->window + subspace + below(3);
        break;
    case 8:
        number = m->top + below(subspace);
        break;
    default:
        number = m->top + below(8) - 4;
    }
    return number & last;
}

static void run(uint32_t window, bool esn, uint64_t top)
{
    struct model m = {.esn = esn, .window = window, .top = top};

    start(window, esn, top);
    for (int i = 0; i < STEPS; i++) {
        uint64_t number = choose(&m);
        bool corrupt = below(8) == 0;
        bool accepted = pass(number, corrupt) == ESP_ACCEPTED;
        /* What recovers by A3 is tested below. */
        in.failures = 0;
        bool wanted = !corrupt && model_accepts(&m, number);
        ck_assert_msg(accepted == wanted,
                      "window %u, esn %d, top %llx: %llx is %s", window, esn,
                      (unsigned long long)m.top, (unsigned long long)number,
                      wanted ? "not accepted" : "accepted");
        if (wanted)
            model_take(&m, number);
        ck_assert_uint_eq(in.sequence, m.top);
    }
    stop();
}

static uint32_t any_window(void)
{
    static const uint32_t sizes[] = {
        1, 2, 3, 31, 32, 33, 63, 64, 65, 127, 128, 1000, 4095, ESP_WINDOW_MAX};
    return below(2) ? sizes[below(sizeof sizes / sizeof *sizes)]
                    : 1 + (uint32_t)below(ESP_WINDOW_MAX);
}

START_TEST(short_numbers_follow_the_model)
{
    for (int i = 0; i < RUNS; i++) {
        uint32_t window = any_window();
        static const uint64_t tops[] = {0, 1, 40, UINT32_MAX - 200,
                                        UINT32_MAX - 1};
        run(window, false, below(2) ? tops[below(5)] : below(UINT32_MAX));
    }
}
END_TEST

/* The left edge before, at and after the start of a subspace, the very first
 * and the very last among them. */
START_TEST(extended_numbers_follow_the_model)
{
    for (int i = 0; i < RUNS; i++) {
        uint32_t window = any_window();
        const uint64_t bases[] = {0, subspace, 5 * subspace,
                                  (subspace - 1) * subspace};
        uint64_t base = bases[below(4)];
        const uint64_t offsets[] = {0,
                                    1,
                                    window - 2,
                                    window - 1,
                                    window,
                                    below(2 * window),
                                    subspace - 1 - below(300),
                                    below(subspace)};
        run(window, true, base + offsets[below(8)] % subspace);
    }
}
END_TEST

/* RFC 4303 A2.2, by its own tables: W = 64. */
START_TEST(the_high_half_is_that_of_appendix_a)
{
    static const struct {
        uint64_t top;
        uint32_t low;
        uint64_t number;
    } cases[] = {
        /* Case A: Tl >= W - 1 */
        {0x30000003f, 0x00000000, 0x300000000},
        {0x30000003f, 0xffffffff, 0x3ffffffff},
        {0x300000040, 0x00000000, 0x400000000},
        {0x300000040, 0x00000001, 0x300000001},
        {0x3ffffffff, 0xffffffc0, 0x3ffffffc0},
        {0x3ffffffff, 0xffffffbf, 0x4ffffffbf},
        {0x3ffffffff, 0x00000000, 0x400000000},
        /* Case B: Tl < W - 1 */
        {0x30000003e, 0xffffffff, 0x2ffffffff},
        {0x30000003e, 0xfffffffe, 0x3fffffffe},
        {0x300000000, 0xffffffc1, 0x2ffffffc1},
        {0x300000000, 0xffffffc0, 0x3ffffffc0},
        {0x300000000, 0x00000000, 0x300000000},
        /* There is nothing before 1, and nothing after the last. */
        {0, 0xffffffc1, 0},
        {0, 0xffffffc0, 0xffffffc0},
        {0x3e, 0xffffffff, 0},
        {0x3f, 0xffffffff, 0xffffffff},
        {UINT64_MAX, 0, 0},
        {UINT64_MAX, 0xffffffc0, 0xffffffffffffffc0},
    };
    start(64, true, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        in.sequence = cases[i].top;
        ck_assert_uint_eq(esp_infer_sequence(&in, cases[i].low),
                          cases[i].number);
    }
    stop();
}
END_TEST

/* RFC 4303 A3: 2^32 packets and more were lost. */
START_TEST(many_failures_make_it_look_further)
{
    uint64_t number = 3 * subspace + 500;
    int failed = 0;

    start(64, true, 1000);
    while (pass(number, false) != ESP_ACCEPTED) {
        ck_assert_int_lt(++failed, 100);
        number++;
    }
    ck_assert_int_eq(failed, ESP_RESYNC_FAILURES - 1);
    ck_assert_uint_eq(in.sequence, number);
    ck_assert_int_eq(pass(number, false), ESP_REPLAYED);
    ck_assert_int_eq(pass(number - 1, false), ESP_ACCEPTED);
    stop();
}
END_TEST

/* A valid packet counts from the start, and there is a limit (A3.1, A3.2). */
START_TEST(few_failures_change_nothing)
{
    uint64_t far = (ESP_RESYNC_TRIES + 2) * subspace + 500;

    start(64, true, 1000);
    for (int i = 0; i < 4; i++) {
        for (int n = 1; n < ESP_RESYNC_FAILURES; n++)
            ck_assert_int_eq(pass(2 * subspace + 500, false), ESP_FORGED);
        ck_assert_int_eq(pass(1001 + (uint64_t)i, false), ESP_ACCEPTED);
    }
    for (int n = 0; n < 5 * ESP_RESYNC_FAILURES; n++)
        ck_assert_int_eq(pass(far, false), ESP_FORGED);
    ck_assert_uint_eq(in.sequence, 1004);
    stop();
}
END_TEST

static uint64_t iv_of(const struct esp_override *override)
{
    struct buffer octets = {0};
    ck_assert(esp_seal(crypto, &rng.rng, &out, bytes_of_string("x"), IP_IN_IP,
                       override, &octets, NULL));
    uint64_t iv = read_u64(octets.data + ESP_HEADER_SIZE);
    buffer_free(&octets);
    return iv;
}

/* RFC 7634 2, RFC 6311 3.4: the IV is the number and the member. */
START_TEST(ivs_are_numbers_of_members)
{
    struct esp_override again = {.has_sequence = true, .sequence = 1};
    struct esp_override chosen = {.has_iv = true, .iv = 77};

    start(0, true, 0);
    ck_assert_uint_eq(iv_of(NULL), 1);
    ck_assert_uint_eq(iv_of(NULL), 2);
    ck_assert(esp_skip(&out, UINT64_C(1) << 40, NULL));
    ck_assert_uint_eq(iv_of(NULL), (UINT64_C(1) << 40) + 3);
    out.iv_member = 0xa5;
    ck_assert_uint_eq(iv_of(NULL), 0xa500010000000004);
    /* A number by force never takes the IV that went with it. */
    ck_assert_uint_eq(iv_of(&again), 0xa580000000000001);
    ck_assert_uint_eq(iv_of(&again), 0xa580000000000002);
    ck_assert_uint_eq(iv_of(&chosen), 77);
    stop();
}
END_TEST

/* Two members on one SA, whatever their numbers. */
START_TEST(members_share_no_iv)
{
    start(0, false, 0);
    for (uint64_t n = 1; n < 50; n++) {
        out.iv_member = 1;
        uint64_t one = esp_iv(&out, n);
        out.iv_member = 2;
        ck_assert_uint_ne(one, esp_iv(&out, n));
        ck_assert_uint_eq((uint32_t)one, n);
    }
    stop();
}
END_TEST

/* RFC 4303 3.4.3 without anti-replay: everything that verifies. */
START_TEST(no_window_takes_everything)
{
    for (int esn = 0; esn < 2; esn++) {
        start(0, esn, 0);
        ck_assert_int_eq(pass(100, false), ESP_ACCEPTED);
        ck_assert_int_eq(pass(100, false), ESP_ACCEPTED);
        ck_assert_int_eq(pass(60, false), ESP_ACCEPTED);
        ck_assert_int_eq(pass(101, true), ESP_FORGED);
        ck_assert_uint_eq(in.sequence, 100);
        stop();
    }
}
END_TEST

static void set_up(void)
{
    crypto = crypto_new();
    rng_seed(&rng, 64);
}

static void tear_down(void)
{
    crypto_free(crypto);
}

int main(void)
{
    Suite *suite = suite_create("esp_window");
    TCase *tests = tcase_create("window");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, short_numbers_follow_the_model);
    tcase_add_test(tests, extended_numbers_follow_the_model);
    tcase_add_test(tests, the_high_half_is_that_of_appendix_a);
    tcase_add_test(tests, many_failures_make_it_look_further);
    tcase_add_test(tests, few_failures_change_nothing);
    tcase_add_test(tests, ivs_are_numbers_of_members);
    tcase_add_test(tests, members_share_no_iv);
    tcase_add_test(tests, no_window_takes_everything);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
