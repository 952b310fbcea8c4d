/* IKE messages sealed with crypto/ are opened, by us and by tshark. */
#include "trace_run.h"

/* ---- IKE ---- */

static struct protection ike_protection(struct run *run, bool initiator)
{
    struct protection p;

    ck_assert(protection_init(&p, &run->suite,
                              initiator ? &run->ike.ei : &run->ike.er,
                              initiator ? &run->ike.ai : &run->ike.ar, NULL));
    return p;
}

static struct ike_header header_of(bool initiator, uint32_t message_id)
{
    return (struct ike_header){
        .spi_i = SPI_I,
        .spi_r = SPI_R,
        .version = IKE_VERSION_2,
        .exchange = INFORMATIONAL,
        .flags = initiator ? IKE_FLAG_INITIATOR : IKE_FLAG_RESPONSE,
        .message_id = message_id,
    };
}

/* The body of N(IKEV2_MESSAGE_ID_SYNC). */
static void sync_body(struct buffer *out, uint32_t expected_send)
{
    struct buffer data = {0};
    struct ike_message_id_sync sync = {.nonce = {1, 2, 3, 4},
                                       .expected_send = expected_send,
                                       .expected_recv = 7};
    ike_message_id_sync_encode(&sync, &data);
    struct ike_notify notify = {.type = IKEV2_MESSAGE_ID_SYNC,
                                .data = buffer_view(&data)};
    ike_notify_encode(&notify, out);
    buffer_free(&data);
}

static void seal_sync(struct run *run, bool initiator, uint32_t message_id,
                      uint32_t expected_send, struct buffer *out)
{
    struct ike_message message = {.header = header_of(initiator, message_id)};
    struct protection p = ike_protection(run, initiator);
    struct buffer body = {0};
    uint8_t iv[16];

    sync_body(&body, expected_send);
    ike_message_add(&message, PAYLOAD_NOTIFY, buffer_view(&body));
    ck_assert(
        sk_seal(run->crypto, &p, &message, next_iv(run, p.encr, iv), out));
    buffer_free(&body);
}

static void put_ike(struct run *run, bool initiator, struct bytes octets)
{
    struct buffer packet = {0};

    run_put(run, make_packet(&packet, CARRIER_UDP, initiator ? LEFT : RIGHT,
                             initiator ? RIGHT : LEFT, 500, octets));
    buffer_free(&packet);
}

static void check_sync(const struct trace_event *event, uint32_t expected_send)
{
    struct ike_notify notify;
    struct ike_message_id_sync sync;

    ck_assert_int_eq(event->kind, TRACE_IKE);
    if (event->ike.status != TRACE_IKE_OPENED)
        ck_abort_msg("status %d: %s", event->ike.status, event->reason);
    ck_assert(ike_message_notify(&event->ike.message, IKEV2_MESSAGE_ID_SYNC, 0,
                                 &notify));
    ck_assert(ike_message_id_sync_decode(notify.data, &sync, NULL));
    ck_assert_uint_eq(sync.expected_send, expected_send);
}

START_TEST(every_algorithm_opens_ike)
{
    const struct algorithm *algorithm = &algorithms[_i];
    struct run run;
    struct buffer octets[2] = {{0}, {0}};
    uint8_t digest[32];

    run_begin(&run, algorithm);
    run_add_ike(&run);
    for (size_t i = 0; i < 2; i++) {
        seal_sync(&run, i == 0, 5, 1000 + (uint32_t)i, &octets[i]);
        put_ike(&run, i == 0, buffer_view(&octets[i]));
    }
    struct trace_reader *reader = run_read(&run);
    for (uint32_t i = 0; i < 2; i++) {
        const struct trace_event *event = next_event(reader);
        check_sync(event, 1000 + i);
        ck_assert_uint_eq(event->ike.header.message_id, 5);
        ck_assert_uint_eq(event->ike.message.header.message_id, 5);
        ck_assert(bytes_equal(event->ike.octets, buffer_view(&octets[i])));
        ck_assert_uint_eq(event->ike.plaintext.size, 4 + 4 + 12);
        ck_assert_uint_eq(event->ike.fragments, 0);
        const struct encr_info *encr =
            encr_lookup(algorithm->encr, algorithm->bits);
        ck_assert_uint_eq(event->ike.iv.size, encr->iv_size);
        if (encr->iv_size > 0)
            ck_assert_uint_eq(event->ike.iv.data[0], i + 1);
        ck_assert_int_eq(event->ike.counter_mode, encr->counter_mode);
        hash_sha256(run.crypto, event->ike.octets, digest);
        ck_assert_mem_eq(event->ike.digest, digest, 16);
        buffer_free(&octets[i]);
    }
    run_end(&run, reader);
}
END_TEST

START_TEST(tshark_opens_ike_with_our_tables)
{
    const struct algorithm *algorithm = &algorithms[_i];
    struct run run;
    struct buffer octets = {0};
    char arguments[400];
    size_t complaints;

    run_begin(&run, algorithm);
    run_add_ike(&run);
    for (uint32_t i = 0; i < 2; i++) {
        buffer_clear(&octets);
        seal_sync(&run, i == 0, 5, 1000 + i, &octets);
        put_ike(&run, i == 0, buffer_view(&octets));
    }
    ck_assert(trace_writer_close(run.writer, NULL));
    run.writer = NULL;
    ck_assert(trace_keys_write(run.keys, scratch, NULL));
    snprintf(arguments, sizeof arguments,
             "-r %s -T fields -e isakmp.messageid -e "
             "isakmp.notify.data.ha.expected_send_req_message_id -e "
             "_ws.malformed -e _ws.expert",
             scratch_path("t.pcapng"));
    struct buffer out = tshark(arguments, &complaints);
    ck_assert_str_eq(
        (char *)out.data,
        algorithm->tshark
            ? "0x00000005\t0x000003e8\t\t\n0x00000005\t0x000003e9\t\t\n"
            : "0x00000005\t\t\t\n0x00000005\t\t\t\n");
    ck_assert_uint_eq(complaints, 0);
    buffer_free(&out);
    buffer_free(&octets);
    run_end(&run, NULL);
}
END_TEST

START_TEST(what_does_not_open_says_why)
{
    struct run run;
    struct buffer octets = {0};

    run_begin(&run, &algorithms[GCM_128]);
    run_add_ike(&run);
    seal_sync(&run, true, 5, 1, &octets);
    put_ike(&run, true, buffer_view(&octets));
    octets.data[octets.size - 1] ^= 1; /* the ICV */
    put_ike(&run, true, buffer_view(&octets));
    octets.data[octets.size - 1] ^= 1;
    octets.data[19] ^= IKE_FLAG_INITIATOR; /* another's keys */
    put_ike(&run, true, buffer_view(&octets));
    octets.data[0] ^= 1; /* no such SPI */
    put_ike(&run, true, buffer_view(&octets));
    octets.data[27] ^= 1; /* Length */
    put_ike(&run, true, buffer_view(&octets));
    put_ike(&run, true, bytes_slice(buffer_view(&octets), 0, 27));
    octets.data[17] = 0x10; /* version 1 */
    put_ike(&run, true, buffer_view(&octets));

    struct trace_reader *reader = run_read(&run);
    struct trace_event *event = next_event(reader);
    check_sync(event, 1);
    ck_assert_ptr_null(event->reason);
    for (size_t i = 0; i < 2; i++) {
        event = next_event(reader);
        ck_assert_int_eq(event->ike.status, TRACE_IKE_BAD_ICV);
        ck_assert_ptr_nonnull(strstr(event->reason, "ICV mismatch"));
        ck_assert_uint_eq(event->ike.message.count, 0);
        ck_assert(event->ike.header_valid);
    }
    event = next_event(reader);
    ck_assert_int_eq(event->ike.status, TRACE_IKE_NO_KEY);
    event = next_event(reader);
    ck_assert_int_eq(event->ike.status, TRACE_IKE_MALFORMED);
    ck_assert(event->ike.header_valid);
    ck_assert_ptr_nonnull(strstr(event->reason, "Length"));
    event = next_event(reader);
    ck_assert_int_eq(event->ike.status, TRACE_IKE_MALFORMED);
    ck_assert(!event->ike.header_valid);
    ck_assert_ptr_nonnull(strstr(event->reason, "27 < 28"));
    ck_assert_int_eq(next_event(reader)->kind, TRACE_OTHER);
    buffer_free(&octets);
    run_end(&run, reader);
}
END_TEST

/* Seals `inner` as it is, a chain that starts with `first`; `clear` Nonce
 * payloads come before. */
static void seal_chain(struct run *run, uint8_t first, struct bytes inner,
                       bool bad_padding, size_t clear, struct buffer *out)
{
    struct protection p = ike_protection(run, true);
    struct ike_header header = header_of(true, 1);
    struct buffer plain = {0};
    struct buffer head = {0};
    uint8_t fixed[IKE_HEADER_SIZE], iv[16];
    const size_t nonce_size = 4 + 16;

    buffer_bytes(&plain, inner);
    buffer_u8(&plain, bad_padding ? 200 : 0);
    size_t sealed_size = plain.size + protection_overhead(&p);
    header.next_payload = clear ? PAYLOAD_NONCE : PAYLOAD_SK;
    header.length =
        (uint32_t)(IKE_HEADER_SIZE + clear * nonce_size + 4 + sealed_size);
    ike_header_encode(&header, fixed);
    buffer_bytes(&head, bytes_of(fixed, sizeof fixed));
    for (size_t i = 0; i < clear; i++) {
        uint8_t *at = buffer_space(&head, nonce_size);
        at[0] = i + 1 < clear ? PAYLOAD_NONCE : PAYLOAD_SK;
        at[3] = (uint8_t)nonce_size;
    }
    buffer_u8(&head, first);
    buffer_u8(&head, 0);
    buffer_u16(&head, (uint16_t)(4 + sealed_size));
    struct bytes aad = buffer_view(&head);
    buffer_bytes(out, aad);
    ck_assert(protection_seal(run->crypto, &p, aad, aad,
                              next_iv(run, p.encr, iv), buffer_view(&plain),
                              bytes_of(NULL, 0), out));
    buffer_free(&head);
    buffer_free(&plain);
}

START_TEST(malformed_inside)
{
    static const uint8_t too_long[] = {0, 0, 0, 200, 1, 2, 3, 4};
    static const struct {
        uint8_t first, size;
        bool bad_padding;
        enum trace_ike_status status;
    } rows[] = {
        {PAYLOAD_NOTIFY, sizeof too_long, false, TRACE_IKE_MALFORMED},
        {PAYLOAD_NOTIFY, 0, false, TRACE_IKE_MALFORMED},
        {PAYLOAD_NONE, 0, true, TRACE_IKE_MALFORMED},
        {PAYLOAD_NONE, 0, false, TRACE_IKE_OPENED},
    };
    struct run run;
    struct buffer octets = {0};
    const struct trace_event *event;

    run_begin(&run, &algorithms[GCM_128]);
    run_add_ike(&run);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        buffer_clear(&octets);
        seal_chain(&run, rows[i].first, bytes_of(too_long, rows[i].size),
                   rows[i].bad_padding, 0, &octets);
        put_ike(&run, true, buffer_view(&octets));
    }
    struct trace_reader *reader = run_read(&run);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        event = next_event(reader);
        ck_assert_int_eq(event->ike.status, rows[i].status);
        ck_assert_int_eq(event->reason != NULL,
                         rows[i].status != TRACE_IKE_OPENED);
        ck_assert_uint_eq(event->ike.message.count, 0);
    }
    buffer_free(&octets);
    run_end(&run, reader);
}
END_TEST

START_TEST(clear_payloads_come_first)
{
    /* how many; whether they fit into a message together with what is inside */
    static const struct {
        size_t clear;
        enum trace_ike_status status;
    } rows[] = {{1, TRACE_IKE_OPENED},
                {IKE_PAYLOADS_MAX - 1, TRACE_IKE_OPENED},
                {IKE_PAYLOADS_MAX - 1, TRACE_IKE_MALFORMED}};
    struct run run;
    struct buffer octets = {0};

    run_begin(&run, &algorithms[GCM_128]);
    run_add_ike(&run);
    for (size_t i = 0; i < 3; i++) {
        /* one empty payload inside, or two of them */
        static const uint8_t inner[] = {PAYLOAD_VENDOR, 0, 0, 4, 0, 0, 0, 4};
        buffer_clear(&octets);
        seal_chain(&run, PAYLOAD_VENDOR,
                   i == 2 ? bytes_of(inner, 8) : bytes_of(inner + 4, 4), false,
                   rows[i].clear, &octets);
        put_ike(&run, true, buffer_view(&octets));
    }
    struct trace_reader *reader = run_read(&run);
    for (size_t i = 0; i < 3; i++) {
        const struct trace_event *event = next_event(reader);
        const struct ike_message *message = &event->ike.message;
        ck_assert_int_eq(event->ike.status, rows[i].status);
        if (rows[i].status != TRACE_IKE_OPENED)
            continue;
        ck_assert_uint_eq(message->count, rows[i].clear + 1);
        ck_assert_int_eq(message->payloads[0].type, PAYLOAD_NONCE);
        ck_assert_int_eq(message->payloads[message->count - 1].type,
                         PAYLOAD_VENDOR);
    }
    buffer_free(&octets);
    run_end(&run, reader);
}
END_TEST

START_TEST(clear_messages_and_keepalives)
{
    struct run run;
    struct buffer octets = {0}, packet = {0};
    uint8_t nonce[20] = {0}, marker[4] = {0};
    struct ike_message message = {.header = header_of(true, 0)};

    run_begin(&run, &algorithms[GCM_128]);
    message.header.exchange = IKE_SA_INIT;
    message.header.spi_r = 0;
    ike_message_add(&message, PAYLOAD_NONCE, bytes_of(nonce, sizeof nonce));
    buffer_bytes(&octets, bytes_of(marker, 4));
    ike_message_encode(&message, &octets);
    put_ike(&run, true, bytes_slice(buffer_view(&octets), 4, octets.size));
    run_put(&run, make_packet(&packet, CARRIER_UDP, LEFT, RIGHT, 4500,
                              bytes_of("\xff", 1)));
    struct trace_reader *reader = run_read(&run);
    const struct trace_event *event = next_event(reader);
    ck_assert_int_eq(event->ike.status, TRACE_IKE_CLEAR);
    ck_assert_uint_eq(event->ike.message.count, 1);
    ck_assert_int_eq(event->ike.message.payloads[0].type, PAYLOAD_NONCE);
    event = next_event(reader);
    ck_assert_int_eq(event->kind, TRACE_OTHER);
    ck_assert_int_eq(event->packet.kind, PACKET_KEEPALIVE);
    buffer_free(&octets);
    buffer_free(&packet);
    run_end(&run, reader);
}
END_TEST

/* ---- IKE fragments ---- */

/* Fragment `number` of `total` of a message that holds one sync notify. */
static void put_fragment(struct run *run, uint32_t expected_send,
                         uint16_t number, uint16_t total)
{
    struct protection p = ike_protection(run, true);
    struct ike_header header = header_of(true, 9);
    struct ike_message message = {.header = header};
    struct buffer body = {0}, chain = {0}, octets = {0};
    uint8_t iv[16];

    sync_body(&body, expected_send);
    ike_message_add(&message, PAYLOAD_NOTIFY, buffer_view(&body));
    ike_payloads_encode(&message, &chain);
    size_t share = (chain.size + total - 1) / total;
    struct bytes chunk =
        bytes_slice(buffer_view(&chain), (number - 1u) * share, share);
    ck_assert(skf_seal(run->crypto, &p, &header,
                       number == 1 ? PAYLOAD_NOTIFY : PAYLOAD_NONE, number,
                       total, chunk, next_iv(run, p.encr, iv), &octets));
    put_ike(run, true, buffer_view(&octets));
    buffer_free(&body);
    buffer_free(&chain);
    buffer_free(&octets);
}

START_TEST(fragments_are_put_together)
{
    /* number, total, sync inside; sync of the message it completes */
    static const uint32_t steps[][4] = {
        {1, 3, 11, 0},  {2, 3, 11, 0},  {3, 3, 11, 11}, /* in order */
        {3, 3, 11, 0},  {3, 3, 11, 0},  {1, 3, 11, 0},  /* again, out of it */
        {2, 3, 11, 11}, {1, 2, 11, 0},  {1, 4, 11, 0},
        {2, 2, 11, 0}, /* cut smaller */
        {2, 4, 11, 0},  {4, 4, 11, 0},  {3, 4, 11, 11},
        {2, 2, 12, 0},  {2, 2, 13, 0},  {1, 2, 13, 13}, /* another message */
        {1, 1, 14, 14}, {1, 2, 15, 0},  {4, 4, 15, 0},
        {1, 4, 15, 0}, /* cut smaller */
        {2, 4, 15, 0},  {3, 4, 15, 15},
    };
    struct run run;
    const size_t count = sizeof steps / sizeof steps[0];

    run_begin(&run, &algorithms[_i]);
    run_add_ike(&run);
    for (size_t i = 0; i < count; i++)
        put_fragment(&run, steps[i][2], (uint16_t)steps[i][0],
                     (uint16_t)steps[i][1]);
    struct trace_reader *reader = run_read(&run);
    for (size_t i = 0; i < count; i++) {
        const struct trace_event *event = next_event(reader);
        ck_assert_uint_eq(event->ike.fragment, steps[i][0]);
        ck_assert_uint_eq(event->ike.fragments, steps[i][1]);
        if (steps[i][3]) {
            check_sync(event, steps[i][3]);
            ck_assert_uint_eq(event->ike.plaintext.size, 20);
        } else {
            ck_assert_int_eq(event->ike.status, TRACE_IKE_FRAGMENT);
            ck_assert_uint_eq(event->ike.message.count, 0);
        }
        ck_assert_uint_eq(event->ike.iv.data[0], i + 1);
    }
    run_end(&run, reader);
}
END_TEST

START_TEST(fragments_without_a_key)
{
    struct run run;

    run_begin(&run, &algorithms[GCM_128]);
    put_fragment(&run, 1, 1, 2);
    struct trace_reader *reader = run_read(&run);
    const struct trace_event *event = next_event(reader);
    ck_assert_int_eq(event->ike.status, TRACE_IKE_NO_KEY);
    ck_assert_uint_eq(event->ike.fragment, 1);
    ck_assert_uint_eq(event->ike.fragments, 2);
    run_end(&run, reader);
}
END_TEST

/* More messages begun than there is room for: the newest are kept. */
START_TEST(fragments_are_bounded)
{
    struct run run;
    size_t opened = 0;

    run_begin(&run, &algorithms[GCM_128]);
    run_add_ike(&run);
    struct protection p = ike_protection(&run, true);
    for (unsigned round = 1; round <= 2; round++) {
        for (uint32_t id = 0; id < 200; id++) {
            struct ike_header header = header_of(true, id);
            struct buffer octets = {0};
            uint8_t iv[16];
            ck_assert(skf_seal(run.crypto, &p, &header, PAYLOAD_NONE,
                               (uint16_t)round, 2, bytes_of(NULL, 0),
                               next_iv(&run, p.encr, iv), &octets));
            put_ike(&run, true, buffer_view(&octets));
            buffer_free(&octets);
        }
    }
    put_fragment(&run, 1, 1, 5000);
    struct trace_reader *reader = run_read(&run);
    for (size_t i = 0; i < 400; i++)
        opened += next_event(reader)->ike.status == TRACE_IKE_OPENED;
    ck_assert_uint_lt(opened, 200);
    const struct trace_event *event = next_event(reader);
    ck_assert_int_eq(event->ike.status, TRACE_IKE_FRAGMENT);
    ck_assert_ptr_nonnull(strstr(event->reason, "5000"));
    run_end(&run, reader);
}
END_TEST

/* Octets of a capture changed at random, keys at hand. */
START_TEST(garbled_messages)
{
    struct run run;
    struct buffer octets = {0};
    struct error error;
    static struct trace_event event;

    run_begin(&run, &algorithms[_i]);
    run_add_ike(&run);
    for (uint16_t i = 1; i <= 3; i++)
        put_fragment(&run, 1, i, 3);
    seal_sync(&run, true, 5, 1, &octets);
    put_ike(&run, true, buffer_view(&octets));
    trace_reader_free(run_read(&run));
    struct buffer whole = scratch_read("t.pcapng");
    for (size_t round = 0; round < 2000; round++) {
        struct buffer copy = {0};
        buffer_bytes(&copy, buffer_view(&whole));
        for (unsigned n = 1 + rng_u32(&run.rng.rng) % 3; n > 0; n--)
            copy.data[rng_u32(&run.rng.rng) % copy.size] =
                (uint8_t)rng_u32(&run.rng.rng);
        scratch_write("garbled", buffer_view(&copy));
        const char *path = scratch_path("garbled");
        struct trace_options options = {
            .captures = &path, .capture_count = 1, .keys = run.keys};
        struct trace_reader *reader = trace_reader_open(&options, &error);
        while (reader && trace_next(reader, &event, &error))
            if (event.kind == TRACE_IKE && event.ike.status == TRACE_IKE_OPENED)
                check_sync(&event, 1); /* what is authentic is right */
        trace_reader_free(reader);
        buffer_free(&copy);
    }
    buffer_free(&whole);
    buffer_free(&octets);
    run_end(&run, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace_open_ike");
    TCase *tests = tcase_create("trace_open_ike");

    tcase_add_checked_fixture(tests, scratch_make, scratch_remove);
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, every_algorithm_opens_ike, 0, ALGORITHMS);
    tcase_add_loop_test(tests, tshark_opens_ike_with_our_tables, 0, ALGORITHMS);
    tcase_add_test(tests, what_does_not_open_says_why);
    tcase_add_test(tests, malformed_inside);
    tcase_add_test(tests, clear_payloads_come_first);
    tcase_add_test(tests, clear_messages_and_keepalives);
    tcase_add_loop_test(tests, fragments_are_put_together, CBC_128,
                        GCM_128 + 1);
    tcase_add_test(tests, fragments_without_a_key);
    tcase_add_test(tests, fragments_are_bounded);
    tcase_add_loop_test(tests, garbled_messages, CBC_128, GCM_128 + 1);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
