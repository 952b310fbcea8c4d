/* ESP packets sealed with crypto/ are opened, by us and by tshark; IP
 * fragments are made whole. */
#include "trace_run.h"

enum { SPI = 0xc0ffee01 };

static struct protection esp_protection(struct run *run)
{
    struct protection p;

    ck_assert(protection_init(&p, &run->suite, &run->esp_encr, &run->esp_integ,
                              NULL));
    return p;
}

/* An echo request as inner packet, with padding and trailer. */
static void inner_packet(struct buffer *out, uint32_t sequence, size_t block)
{
    struct address from = endpoint_at("10.1.0.1", 0).address;
    struct address to = endpoint_at("10.2.0.1", 0).address;

    packet_icmp_echo(out, false, &from, &to, 0x1234, (uint16_t)sequence,
                     bytes_of("ping", 4));
    if (block < 4)
        block = 4;
    uint8_t padding = (uint8_t)((block - (out->size + 2) % block) % block);
    for (uint8_t i = 1; i <= padding; i++)
        buffer_u8(out, i);
    buffer_u8(out, padding);
    buffer_u8(out, IP_IPIP);
}

/* With `esn`, the upper half of `sequence` is what the sender believes. */
static void seal_esp(struct run *run, uint32_t spi, uint64_t sequence, bool esn,
                     struct buffer *out)
{
    struct protection p = esp_protection(run);
    struct buffer inner = {0};
    uint8_t header[8], aad[12], high[4], iv[16];

    write_u32(header, spi);
    write_u32(header + 4, (uint32_t)sequence);
    write_u32(aad, spi);
    write_u64(aad + 4, sequence);
    write_u32(high, (uint32_t)(sequence >> 32));
    inner_packet(&inner, (uint32_t)sequence, p.encr->block_size);
    struct bytes plain_aad = bytes_of(header, sizeof header);
    buffer_bytes(out, plain_aad);
    ck_assert(protection_seal(
        run->crypto, &p, esn ? bytes_of(aad, sizeof aad) : plain_aad, plain_aad,
        next_iv(run, p.encr, iv), buffer_view(&inner),
        bytes_of(high, esn ? sizeof high : 0), out));
    buffer_free(&inner);
}

static void put_esp_to(struct run *run, const char *to, struct bytes octets)
{
    struct buffer packet = {0};

    run_put(run,
            make_packet(&packet, CARRIER_ESP,
                        strchr(to, ':') ? "2001:db8::1" : LEFT, to, 0, octets));
    buffer_free(&packet);
}

static void put_esp(struct run *run, uint64_t sequence, bool esn)
{
    struct buffer octets = {0};

    seal_esp(run, SPI, sequence, esn, &octets);
    put_esp_to(run, RIGHT, buffer_view(&octets));
    buffer_free(&octets);
}

static void check_opened(const struct trace_event *event, uint64_t sequence)
{
    struct inner_packet inner;

    ck_assert_int_eq(event->kind, TRACE_ESP);
    if (event->esp.status != TRACE_ESP_OPENED)
        ck_abort_msg("status %d: %s", event->esp.status, event->reason);
    ck_assert_ptr_null(event->reason);
    ck_assert_uint_eq(event->esp.sequence, sequence);
    ck_assert_uint_eq(event->esp.packet.sequence, (uint32_t)sequence);
    ck_assert_uint_eq(event->esp.next_header, IP_IPIP);
    ck_assert(packet_decode_inner(event->esp.inner, &inner, NULL));
    ck_assert(inner.echo_request);
    ck_assert_uint_eq(inner.identifier, 0x1234);
    ck_assert_uint_eq(inner.sequence, (uint16_t)sequence);
}

START_TEST(every_algorithm_opens_esp)
{
    const struct algorithm *algorithm = &algorithms[_i];
    const struct encr_info *encr =
        encr_lookup(algorithm->encr, algorithm->bits);
    struct run run;
    struct buffer octets = {0}, packet = {0};

    run_begin(&run, algorithm);
    run_add_esp(&run, RIGHT, SPI);
    put_esp(&run, 1, false);
    seal_esp(&run, SPI, 2, false, &octets); /* in UDP */
    run_put(&run, make_packet(&packet, CARRIER_UDP, LEFT, RIGHT, 4500,
                              buffer_view(&octets)));
    struct trace_reader *reader = run_read(&run);
    for (uint32_t i = 1; i <= 2; i++) {
        const struct trace_event *event = next_event(reader);
        check_opened(event, i);
        ck_assert_int_eq(event->packet.in_udp, i == 2);
        ck_assert(!event->esp.esn);
        ck_assert_int_eq(event->esp.counter_mode, encr->counter_mode);
        ck_assert_uint_eq(event->esp.iv.size, encr->iv_size);
        if (encr->iv_size > 0)
            ck_assert_uint_eq(event->esp.iv.data[0], i);
    }
    buffer_free(&octets);
    buffer_free(&packet);
    run_end(&run, reader);
}
END_TEST

START_TEST(tshark_opens_esp_with_our_tables)
{
    const struct algorithm *algorithm = &algorithms[_i];
    struct run run;
    struct buffer octets = {0};
    char arguments[500];
    size_t complaints;

    run_begin(&run, algorithm);
    const char *to = _i % 3 == 2 ? "2001:db8::2" : RIGHT;
    run_add_esp(&run, _i % 3 == 1 ? NULL : to, SPI);
    for (uint32_t i = 1; i <= 2; i++) {
        buffer_clear(&octets);
        seal_esp(&run, SPI, i, false, &octets);
        put_esp_to(&run, to, buffer_view(&octets));
    }
    ck_assert(trace_writer_close(run.writer, NULL));
    run.writer = NULL;
    ck_assert(trace_keys_write(run.keys, scratch, NULL));
    snprintf(arguments, sizeof arguments,
             "-o esp.enable_encryption_decode:TRUE -o "
             "esp.enable_authentication_check:TRUE -r %s -T fields -e "
             "esp.sequence -e icmp.seq -e esp.icv_bad -e _ws.malformed",
             scratch_path("t.pcapng"));
    struct buffer out = tshark(arguments, &complaints);
    ck_assert_str_eq((char *)out.data, algorithm->tshark
                                           ? "1\t1\t0\t\n2\t2\t0\t\n"
                                           : "1\t\t\t\n2\t\t\t\n");
    ck_assert_uint_eq(complaints, 0);
    buffer_free(&out);
    buffer_free(&octets);
    run_end(&run, NULL);
}
END_TEST

/* ---- Which key ---- */

START_TEST(a_forged_packet_is_told_from_an_unknown_one)
{
    struct run run;
    struct buffer octets = {0};

    run_begin(&run, &algorithms[_i]);
    run_add_esp(&run, RIGHT, SPI);
    put_esp(&run, 1, false);
    seal_esp(&run, SPI, 2, false, &octets);
    octets.data[7] ^= 1; /* the sequence number */
    put_esp_to(&run, RIGHT, buffer_view(&octets));
    octets.data[7] ^= 1;
    octets.data[3] ^= 1; /* the SPI */
    put_esp_to(&run, RIGHT, buffer_view(&octets));
    octets.data[3] ^= 1;
    put_esp_to(&run, RIGHT, bytes_slice(buffer_view(&octets), 0, 9));
    put_esp_to(&run, RIGHT, bytes_slice(buffer_view(&octets), 0, 7));
    struct trace_reader *reader = run_read(&run);
    check_opened(next_event(reader), 1);
    const struct trace_event *event = next_event(reader);
    ck_assert_int_eq(event->esp.status, TRACE_ESP_BAD_ICV);
    ck_assert_ptr_nonnull(strstr(event->reason, "ICV mismatch"));
    ck_assert_uint_eq(event->esp.inner.size, 0);
    ck_assert_uint_gt(event->esp.iv.size, 0);
    event = next_event(reader);
    ck_assert_int_eq(event->esp.status, TRACE_ESP_NO_KEY);
    ck_assert_uint_eq(event->esp.sequence, 2);
    event = next_event(reader);
    ck_assert_int_eq(event->esp.status, TRACE_ESP_BAD_ICV);
    ck_assert_ptr_nonnull(strstr(event->reason, "(1 < "));
    event = next_event(reader);
    ck_assert_int_eq(event->kind, TRACE_OTHER);
    ck_assert_ptr_nonnull(event->reason);
    buffer_free(&octets);
    run_end(&run, reader);
}
END_TEST

/* The SPI alone decides where the address does not (NAT, MOBIKE); two SAs may
 * have the same SPI towards different destinations. */
START_TEST(spi_and_destination)
{
    struct run run, other;
    struct buffer octets = {0};

    run_begin(&run, &algorithms[GCM_128]);
    run_add_esp(&run, "203.0.113.1", SPI); /* as it was before the NAT */
    put_esp(&run, 1, false);
    other = run;
    run_keys(&other, &algorithms[CBC_128]);
    run_add_esp(&other, "203.0.113.2", SPI);
    seal_esp(&other, SPI, 7, false, &octets);
    put_esp_to(&run, "203.0.113.2", buffer_view(&octets));
    octets.data[octets.size - 1] ^= 1;
    put_esp_to(&run, "203.0.113.2", buffer_view(&octets)); /* for sure forged */
    put_esp_to(&run, "203.0.113.3", buffer_view(&octets)); /* whose? */
    put_esp_to(&run, RIGHT, buffer_view(&octets)); /* seen to be run's */
    struct trace_reader *reader = run_read(&run);
    check_opened(next_event(reader), 1);
    check_opened(next_event(reader), 7);
    ck_assert_int_eq(next_event(reader)->esp.status, TRACE_ESP_BAD_ICV);
    ck_assert_int_eq(next_event(reader)->esp.status, TRACE_ESP_NO_KEY);
    ck_assert_int_eq(next_event(reader)->esp.status, TRACE_ESP_BAD_ICV);
    buffer_free(&octets);
    run_end(&run, reader);
}
END_TEST

/* strongSwan's table says AES-GCM for ICVs of 8, 12 and 16 octets alike: as
 * long as nothing was opened, nothing is forged. */
START_TEST(a_presumed_icv_accuses_nobody)
{
    struct run run;
    struct buffer table = {0};
    struct buffer octets = {0};
    char hex[100];

    run_begin(&run, &algorithms[GCM_128]);
    buffer_format(&table,
                  "\"IPv4\",\"*\",\"" RIGHT "\",\"0xc0ffee01\","
                  "\"AES-GCM [RFC4106]\",\"0x%s\",\"NULL\",\"0x\"\n",
                  bytes_to_hex(key_view(&run.esp_encr), hex, sizeof hex));
    scratch_write("esp_sa", buffer_view(&table));
    ck_assert(trace_keys_load_directory(run.keys, scratch, NULL));
    seal_esp(&run, SPI, 1, false, &octets);
    put_esp_to(
        &run, RIGHT,
        bytes_slice(buffer_view(&octets), 0, octets.size - 8)); /* ICV of 8 */
    put_esp_to(&run, RIGHT, buffer_view(&octets));
    put_esp_to(&run, RIGHT,
               bytes_slice(buffer_view(&octets), 0, octets.size - 8));
    struct trace_reader *reader = run_read(&run);
    ck_assert_int_eq(next_event(reader)->esp.status, TRACE_ESP_NO_KEY);
    check_opened(next_event(reader), 1);
    ck_assert_int_eq(next_event(reader)->esp.status, TRACE_ESP_BAD_ICV);
    buffer_free(&table);
    buffer_free(&octets);
    run_end(&run, reader);
}
END_TEST

/* ---- Extended Sequence Numbers ---- */

#define HIGH(n) ((uint64_t)(n) << 32)

START_TEST(extended_sequence_numbers)
{
    static const uint64_t sequences[] = {
        1,
        2,
        UINT32_C(0x40000002), /* a jump of 2**30 (RFC 6311 5.2) */
        UINT32_C(0xfffffff0), /* and more */
        HIGH(1) | 5,          /* the low half came round */
        UINT32_C(0xfffffff1), /* a late one */
        HIGH(1) | 6,
        HIGH(2) | 1,                    /* far ahead */
        HIGH(2) | UINT32_C(0xf0000000), /* within */
        HIGH(1) | UINT32_C(0xf0000001), /* a stale high half */
        HIGH(2) | UINT32_C(0xf0000002),
        7, /* begun again */
        HIGH(2) | UINT32_C(0xf0000003),
        HIGH(3) | UINT32_C(0x10000000),
    };
    const size_t count = sizeof sequences / sizeof sequences[0];
    struct run run;

    run_begin(&run, &algorithms[_i]);
    run.suite.esn = true;
    run_add_esp(&run, RIGHT, SPI);
    for (size_t i = 0; i < count; i++)
        put_esp(&run, sequences[i], true);
    struct trace_reader *reader = run_read(&run);
    for (size_t i = 0; i < count; i++) {
        const struct trace_event *event = next_event(reader);
        check_opened(event, sequences[i]);
        ck_assert(event->esp.esn);
    }
    run_end(&run, reader);
}
END_TEST

/* A capture that begins late: the table's hint tells the high half. */
START_TEST(the_table_tells_the_high_half)
{
    struct run run;
    struct buffer table = {0}, octets = {0};
    char hex[100];

    run_begin(&run, &algorithms[GCM_128]);
    put_esp(&run, HIGH(0x1234) | 9, true);
    put_esp(&run, HIGH(0x1234) | 10, true);
    put_esp(&run, HIGH(0x1233) | 12, true); /* a stale high half */
    seal_esp(&run, SPI, HIGH(0x9999) | 11, true, &octets);
    put_esp_to(&run, RIGHT, buffer_view(&octets));
    for (size_t i = 0; i < 2; i++) {
        buffer_clear(&table);
        buffer_format(&table,
                      "\"IPv4\",\"*\",\"" RIGHT "\",\"0xc0ffee01\","
                      "\"AES-GCM with 16 octet ICV [RFC4106]\",\"0x%s\","
                      "\"NULL\",\"0x\",\"64-bit\",\"%x\"\n",
                      bytes_to_hex(key_view(&run.esp_encr), hex, sizeof hex),
                      i == 0 ? 0x55u : 0x1234u);
        scratch_write("esp_sa", buffer_view(&table));
        ck_assert(trace_keys_load_directory(run.keys, scratch, NULL));
        struct trace_reader *reader =
            i == 0 ? run_read(&run)
                   : open_one(scratch_path("t.pcapng"), run.keys);
        if (i == 0) { /* not to be found: no accusation */
            for (size_t n = 0; n < 4; n++)
                ck_assert_int_eq(next_event(reader)->esp.status,
                                 TRACE_ESP_NO_KEY);
            trace_reader_free(reader);
            continue;
        }
        check_opened(next_event(reader), HIGH(0x1234) | 9);
        check_opened(next_event(reader), HIGH(0x1234) | 10);
        check_opened(next_event(reader), HIGH(0x1233) | 12);
        ck_assert_int_eq(next_event(reader)->esp.status, TRACE_ESP_BAD_ICV);
        trace_reader_free(reader);
    }
    buffer_free(&table);
    buffer_free(&octets);
    run_end(&run, NULL);
}
END_TEST

/* A table of eight columns says nothing of ESN. */
START_TEST(extended_numbers_are_found_out)
{
    struct run run;

    run_begin(&run, &algorithms[GCM_128]);
    run_add_esp(&run, RIGHT, SPI);
    put_esp(&run, 1, true);
    put_esp(&run, 2, true);
    struct trace_reader *reader = run_read(&run);
    for (uint64_t i = 1; i <= 2; i++) {
        const struct trace_event *event = next_event(reader);
        check_opened(event, i);
        ck_assert(event->esp.esn);
    }
    run_end(&run, reader);
}
END_TEST

START_TEST(padding_longer_than_the_packet)
{
    static const uint8_t plain[] = {9, 9, 200, IP_IPIP};
    struct run run;
    struct buffer octets = {0};
    uint8_t header[8], iv[16];

    run_begin(&run, &algorithms[GCM_128]);
    run_add_esp(&run, RIGHT, SPI);
    struct protection p = esp_protection(&run);
    write_u32(header, SPI);
    write_u32(header + 4, 1);
    struct bytes aad = bytes_of(header, sizeof header);
    for (size_t size = 0; size <= sizeof plain; size += sizeof plain) {
        buffer_clear(&octets);
        buffer_bytes(&octets, aad);
        ck_assert(
            protection_seal(run.crypto, &p, aad, aad, next_iv(&run, p.encr, iv),
                            bytes_of(plain, size), bytes_of(NULL, 0), &octets));
        put_esp_to(&run, RIGHT, buffer_view(&octets));
    }
    struct trace_reader *reader = run_read(&run);
    for (size_t i = 0; i < 2; i++) {
        const struct trace_event *event = next_event(reader);
        ck_assert_int_eq(event->esp.status, TRACE_ESP_OPENED);
        ck_assert_uint_eq(event->esp.inner.size, 0);
        ck_assert_ptr_nonnull(strstr(event->reason, "padding too long"));
    }
    buffer_free(&octets);
    run_end(&run, reader);
}
END_TEST

/* A snap length leaves SPI and sequence number to be seen. */
START_TEST(cut_by_the_snap_length)
{
    struct run run;
    struct buffer octets = {0}, packet = {0};

    run_begin(&run, &algorithms[GCM_128]);
    run_add_esp(&run, RIGHT, SPI);
    seal_esp(&run, SPI, 77, false, &octets);
    struct bytes whole =
        make_packet(&packet, CARRIER_ESP, LEFT, RIGHT, 0, buffer_view(&octets));
    const size_t sizes[] = {40, 24, 15};
    for (size_t i = 0; i < 3; i++)
        ck_assert(trace_writer_frame(run.writer, run.time,
                                     bytes_slice(whole, 0, sizes[i]),
                                     whole.size, NULL, NULL));
    struct trace_reader *reader = run_read(&run);
    const struct trace_event *event = next_event(reader);
    ck_assert_int_eq(event->kind, TRACE_ESP);
    ck_assert_int_eq(event->esp.status, TRACE_ESP_NO_KEY);
    ck_assert_uint_eq(event->esp.sequence, 77);
    ck_assert(event->packet.truncated);
    for (size_t i = 1; i < 3; i++) {
        event = next_event(reader);
        ck_assert_int_eq(event->kind, TRACE_CUT);
        ck_assert_ptr_nonnull(strpbrk(event->reason, "0123456789"));
    }
    buffer_free(&octets);
    buffer_free(&packet);
    run_end(&run, reader);
}
END_TEST

/* ---- IP fragments ---- */

/* The part of an IP packet's payload from `offset` on, as a fragment. */
static void put_fragment(struct run *run, struct bytes packet, size_t offset,
                         size_t size, uint32_t id)
{
    ck_assert_uint_gt(packet.size, 40);
    const bool six = packet.data[0] >> 4 == 6;
    const size_t header = six ? 40 : 20;
    struct bytes part = bytes_slice(packet, header + offset, size);
    const bool more = header + offset + part.size < packet.size;
    struct buffer out = {0};

    buffer_bytes(&out, bytes_slice(packet, 0, header));
    if (six) {
        uint8_t *at = buffer_space(&out, 8);
        at[0] = out.data[6];
        write_u16(at + 2, (uint16_t)(offset | more));
        write_u32(at + 4, id);
        out.data[6] = 44;
        write_u16(out.data + 4, (uint16_t)(8 + part.size));
    } else {
        write_u16(out.data + 2, (uint16_t)(20 + part.size));
        write_u16(out.data + 4, (uint16_t)id);
        write_u16(out.data + 6, (uint16_t)(offset / 8 | (more ? 0x2000 : 0)));
    }
    buffer_bytes(&out, part);
    run_put(run, buffer_view(&out));
    buffer_free(&out);
}

START_TEST(ip_fragments)
{
    /* offset, size, id; does it complete the packet? */
    static const unsigned steps[][4] = {
        {0, 32, 1, 0},  {32, 99, 1, 1},                 /* in order */
        {32, 99, 2, 0}, {0, 32, 3, 0},  {0, 32, 2, 1},  /* two at a time */
        {32, 99, 3, 1}, {0, 32, 4, 0},  {0, 32, 4, 0},  /* a copy */
        {32, 99, 4, 1}, {0, 32, 5, 0},  {24, 99, 5, 0}, /* overlap */
        {32, 99, 5, 0}, {0, 32, 5, 1},  {0, 8, 6, 0},
        {8, 8, 6, 0},   {24, 99, 6, 0}, {16, 8, 6, 1},
    };
    const char *const from = _i ? "2001:db8::1" : LEFT;
    const char *const to = _i ? "2001:db8::2" : RIGHT;
    const size_t count = sizeof steps / sizeof steps[0];
    struct run run;
    struct buffer octets = {0}, packet = {0};

    run_begin(&run, &algorithms[GCM_128]);
    run_add_esp(&run, to, SPI);
    seal_esp(&run, SPI, 77, false, &octets);
    struct bytes whole =
        make_packet(&packet, _i == 2 ? CARRIER_UDP : CARRIER_ESP, from, to,
                    4500, buffer_view(&octets));
    for (size_t i = 0; i < count; i++)
        put_fragment(&run, whole, steps[i][0], steps[i][1], steps[i][2]);
    struct trace_reader *reader = run_read(&run);
    for (size_t i = 0; i < count; i++) {
        const struct trace_event *event = next_event(reader);
        if (steps[i][3]) {
            check_opened(event, 77);
            ck_assert_int_eq(event->packet.in_udp, _i == 2);
        } else {
            ck_assert_int_eq(event->kind, TRACE_OTHER);
        }
    }
    buffer_free(&octets);
    buffer_free(&packet);
    run_end(&run, reader);
}
END_TEST

/* A last fragment that ends before another one: both are given up, and the
 * packet sent again is made whole. */
START_TEST(ip_fragments_that_contradict)
{
    struct run run;
    struct buffer octets = {0}, packet = {0};

    run_begin(&run, &algorithms[GCM_128]);
    run_add_esp(&run, RIGHT, SPI);
    seal_esp(&run, SPI, 77, false, &octets);
    struct bytes whole =
        make_packet(&packet, CARRIER_ESP, LEFT, RIGHT, 0, buffer_view(&octets));
    put_fragment(&run, whole, 48, 8, 1);
    put_fragment(&run, bytes_slice(whole, 0, 20 + 40), 16, 24, 1);
    put_fragment(&run, whole, 0, 32, 1);
    put_fragment(&run, whole, 32, 99, 1);
    struct trace_reader *reader = run_read(&run);
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(next_event(reader)->kind, TRACE_OTHER);
    check_opened(next_event(reader), 77);
    buffer_free(&octets);
    buffer_free(&packet);
    run_end(&run, reader);
}
END_TEST

/* Fragments at random: no crash, and packets that were whole stay whole. */
START_TEST(ip_fragments_at_random)
{
    struct run run;
    struct buffer octets = {0}, packet = {0};
    size_t opened = 0;

    run_begin(&run, &algorithms[GCM_128]);
    run_add_esp(&run, _i ? "2001:db8::2" : RIGHT, SPI);
    seal_esp(&run, SPI, 77, false, &octets);
    struct bytes whole =
        make_packet(&packet, CARRIER_ESP, _i ? "2001:db8::1" : LEFT,
                    _i ? "2001:db8::2" : RIGHT, 0, buffer_view(&octets));
    for (size_t i = 0; i < 20000; i++) {
        uint32_t random = rng_u32(&run.rng.rng);
        put_fragment(&run, whole, random % 12 * 8, (random >> 4) % 64,
                     (random >> 12) % 64);
    }
    struct trace_reader *reader = run_read(&run);
    for (size_t i = 0; i < 20000; i++) {
        const struct trace_event *event = next_event(reader);
        if (event->kind == TRACE_ESP) {
            check_opened(event, 77);
            opened++;
        }
    }
    ck_assert_uint_gt(opened, 0);
    buffer_free(&octets);
    buffer_free(&packet);
    run_end(&run, reader);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace_open_esp");
    TCase *tests = tcase_create("trace_open_esp");

    tcase_add_checked_fixture(tests, scratch_make, scratch_remove);
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, every_algorithm_opens_esp, 0, ALGORITHMS);
    tcase_add_loop_test(tests, tshark_opens_esp_with_our_tables, 0, ALGORITHMS);
    tcase_add_loop_test(tests, a_forged_packet_is_told_from_an_unknown_one,
                        CBC_128, GCM_128 + 1);
    tcase_add_test(tests, spi_and_destination);
    tcase_add_test(tests, a_presumed_icv_accuses_nobody);
    tcase_add_loop_test(tests, extended_sequence_numbers, CBC_128, GCM_128 + 1);
    tcase_add_test(tests, the_table_tells_the_high_half);
    tcase_add_test(tests, extended_numbers_are_found_out);
    tcase_add_test(tests, padding_longer_than_the_packet);
    tcase_add_test(tests, cut_by_the_snap_length);
    tcase_add_loop_test(tests, ip_fragments, 0, 3);
    tcase_add_test(tests, ip_fragments_that_contradict);
    tcase_add_loop_test(tests, ip_fragments_at_random, 0, 2);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
