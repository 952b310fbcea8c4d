/* Octets, errors, cursor, writer, arena. */
#include "wire/bytes.h"

#include <check.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t ten[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

START_TEST(slice_is_clipped)
{
    struct bytes all = bytes_of(ten, sizeof ten);
    struct {
        size_t offset, size, first, expected;
    } rows[] = {
        {0, 10, 0, 10}, {0, 11, 0, 10},      {3, 2, 3, 2},
        {9, 5, 9, 1},   {1, SIZE_MAX, 1, 9}, {5, 0, 5, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bytes part = bytes_slice(all, rows[i].offset, rows[i].size);
        ck_assert_uint_eq(part.size, rows[i].expected);
        ck_assert_ptr_eq(part.data, ten + rows[i].first);
    }
    ck_assert_uint_eq(bytes_slice(all, 10, 1).size, 0);
    ck_assert_uint_eq(bytes_slice(all, 11, 1).size, 0);
    ck_assert_uint_eq(bytes_slice(all, SIZE_MAX, SIZE_MAX).size, 0);
    ck_assert_uint_eq(bytes_slice(bytes_of(NULL, 0), 0, 4).size, 0);
}
END_TEST

START_TEST(equality)
{
    struct bytes none = bytes_of(NULL, 0);
    ck_assert(bytes_equal(none, bytes_of(ten, 0)));
    ck_assert(bytes_equal(bytes_of(ten, 3), bytes_of("\0\1\2", 3)));
    ck_assert(!bytes_equal(bytes_of(ten, 3), bytes_of("\0\1\3", 3)));
    ck_assert(!bytes_equal(bytes_of(ten, 3), bytes_of(ten, 4)));
    ck_assert_uint_eq(bytes_of_string("abc").size, 3);
}
END_TEST

START_TEST(hexadecimal)
{
    char text[8];
    struct bytes octets = bytes_of("\xca\xfe\x01\x20", 4);
    char whole[9];
    ck_assert_str_eq(bytes_to_hex(octets, whole, sizeof whole), "cafe0120");
    ck_assert_str_eq(bytes_to_hex(octets, text, sizeof text), "cafe01");
    ck_assert_str_eq(bytes_to_hex(octets, text, 1), "");
    text[0] = 'x';
    bytes_to_hex(octets, text, 0);
    ck_assert_int_eq(text[0], 'x');
}
END_TEST

START_TEST(words_are_big_endian)
{
    /* at an odd address, on purpose */
    uint8_t at[9] = {0};
    write_u64(at + 1, UINT64_C(0x0123456789abcdef));
    ck_assert_mem_eq(at, "\x00\x01\x23\x45\x67\x89\xab\xcd\xef", 9);
    ck_assert_uint_eq(read_u64(at + 1), UINT64_C(0x0123456789abcdef));
    ck_assert_uint_eq(read_u32(at + 5), 0x89abcdef);
    ck_assert_uint_eq(read_u16(at + 7), 0xcdef);
    write_u32(at + 1, 0xfffefdfc);
    write_u16(at + 5, 0xfbfa);
    ck_assert_mem_eq(at, "\x00\xff\xfe\xfd\xfc\xfb\xfa\xcd\xef", 9);
}
END_TEST

START_TEST(cursor_reads_in_order)
{
    struct cursor cursor = cursor_over(bytes_of(ten, sizeof ten));
    ck_assert_uint_eq(cursor_u8(&cursor), 0);
    ck_assert_uint_eq(cursor_u16(&cursor), 0x0102);
    ck_assert_uint_eq(cursor_u32(&cursor), 0x03040506);
    ck_assert_uint_eq(cursor_left(&cursor), 3);
    ck_assert_uint_eq(cursor_bytes(&cursor, 2).data[1], 8);
    ck_assert_uint_eq(cursor_rest(&cursor).size, 1);
    ck_assert_uint_eq(cursor_left(&cursor), 0);
    ck_assert(!cursor.failed);
    ck_assert_uint_eq(cursor_rest(&cursor).size, 0);
    ck_assert_uint_eq(cursor_bytes(&cursor, 0).size, 0);
    ck_assert(!cursor.failed);
    cursor = cursor_over(bytes_of(ten, 8));
    ck_assert_uint_eq(cursor_u64(&cursor), UINT64_C(0x0001020304050607));
}
END_TEST

START_TEST(cursor_fails_once_and_for_all)
{
    struct cursor cursor = cursor_over(bytes_of(ten, 3));
    ck_assert_uint_eq(cursor_u32(&cursor), 0);
    ck_assert(cursor.failed);
    ck_assert_uint_eq(cursor_left(&cursor), 0);
    cursor.octets = bytes_of("\xff\xff\xff", 3);
    ck_assert_uint_eq(cursor_u8(&cursor), 0);
    ck_assert_uint_eq(cursor_u16(&cursor), 0);
    ck_assert_uint_eq(cursor_bytes(&cursor, 1).size, 0);
    ck_assert_uint_eq(cursor_rest(&cursor).size, 0);
    ck_assert(cursor.failed);

    cursor = cursor_over(bytes_of(ten, 3));
    cursor_u8(&cursor);
    ck_assert_uint_eq(cursor_bytes(&cursor, SIZE_MAX).size, 0);
    ck_assert(cursor.failed);
    cursor = cursor_over(bytes_of(NULL, 0));
    ck_assert_uint_eq(cursor_u64(&cursor), 0);
    ck_assert(cursor.failed);
}
END_TEST

START_TEST(error_carries_its_numbers)
{
    struct error error;
    ck_assert(!error_set(&error, "too short (%d < %d)", 3, 4));
    ck_assert_str_eq(error.text, "too short (3 < 4)");
    ck_assert(!error_prefix(&error, "payload %d", 7));
    ck_assert_str_eq(error.text, "payload 7: too short (3 < 4)");
    ck_assert(!error_set(&error, "again: %s", error.text));
    ck_assert_str_eq(error.text, "again: payload 7: too short (3 < 4)");
    ck_assert(!error_set(NULL, "nobody"));
    ck_assert(!error_prefix(NULL, "nobody"));
}
END_TEST

START_TEST(error_text_is_cut_at_its_end)
{
    struct error error;
    char wide[400];
    memset(wide, 'w', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    error_set(&error, "%s", wide);
    ck_assert_uint_eq(strlen(error.text), sizeof error.text - 1);
    error_prefix(&error, "place");
    ck_assert_uint_eq(strlen(error.text), sizeof error.text - 1);
    ck_assert_int_eq(strncmp(error.text, "place: www", 10), 0);
    error_prefix(&error, "%s", wide);
    ck_assert_uint_eq(strlen(error.text), sizeof error.text - 1);
    ck_assert_int_eq(strncmp(error.text, "www", 3), 0);
}
END_TEST

START_TEST(buffer_grows)
{
    struct buffer buffer = {0};
    buffer_u8(&buffer, 1);
    buffer_u16(&buffer, 0x0203);
    buffer_u32(&buffer, 0x04050607);
    buffer_u64(&buffer, UINT64_C(0x08090a0b0c0d0e0f));
    for (unsigned i = 16; i < 1000; i++)
        buffer_u8(&buffer, (uint8_t)i);
    ck_assert_uint_eq(buffer.size, 999);
    for (unsigned i = 0; i < 999; i++)
        ck_assert_uint_eq(buffer_view(&buffer).data[i], (uint8_t)(i + 1));
    buffer_bytes(&buffer, bytes_of(NULL, 0));
    ck_assert_uint_eq(buffer.size, 999);

    buffer_clear(&buffer);
    ck_assert_uint_eq(buffer.size, 0);
    uint8_t *space = buffer_space(&buffer, 4);
    ck_assert_mem_eq(space, "\0\0\0\0", 4);
    buffer_format(&buffer, "%s-%d", "text", 42);
    buffer_format(&buffer, "%s", "");
    ck_assert_uint_eq(buffer.size, 11);
    ck_assert_mem_eq(buffer.data + 4, "text-42", 7);
    buffer_free(&buffer);
    ck_assert_ptr_null(buffer.data);
    ck_assert_uint_eq(buffer.capacity, 0);
    buffer_u8(&buffer, 1);
    buffer_free(&buffer);
    buffer_free(&buffer);
    ck_assert_ptr_nonnull(buffer_space(&buffer, 0));
    buffer_free(&buffer);
}
END_TEST

START_TEST(arena_keeps_addresses)
{
    struct arena arena = {0};
    uint8_t *taken[400];
    for (size_t i = 0; i < 400; i++) {
        taken[i] = arena_take(&arena, i);
        ck_assert_uint_eq((uintptr_t)taken[i] % alignof(max_align_t), 0);
        for (size_t j = 0; j < i; j++)
            ck_assert_uint_eq(taken[i][j], 0);
        memset(taken[i], (int)(i & 0xff), i);
    }
    uint8_t *large = arena_take(&arena, 1000000);
    memset(large, 0xee, 1000000);
    struct bytes copy = arena_copy(&arena, bytes_of(ten, sizeof ten));
    ck_assert(bytes_equal(copy, bytes_of(ten, sizeof ten)));
    ck_assert_ptr_ne(copy.data, ten);
    ck_assert_uint_eq(arena_copy(&arena, bytes_of(NULL, 0)).size, 0);
    for (size_t i = 0; i < 400; i++)
        for (size_t j = 0; j < i; j++)
            ck_assert_uint_eq(taken[i][j], i & 0xff);
    ck_assert_ptr_ne(arena_take(&arena, 0), arena_take(&arena, 0));
    arena_free(&arena);
    ck_assert_ptr_null(arena.chunks);
    arena_free(&arena);
}
END_TEST

START_TEST(memory_is_zeroed_and_cleansed)
{
    uint8_t *at = memory_take(64);
    for (size_t i = 0; i < 64; i++)
        ck_assert_uint_eq(at[i], 0);
    memset(at, 0xaa, 64);
    at = memory_resize(at, 128);
    ck_assert_uint_eq(at[63], 0xaa);
    memory_cleanse(at, 63);
    ck_assert_uint_eq(at[62], 0);
    ck_assert_uint_eq(at[63], 0xaa);
    memory_cleanse(NULL, 0);
    free(at);
    char *text = memory_text("copy");
    ck_assert_str_eq(text, "copy");
    free(text);
    free(memory_take(0));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wire/bytes");
    TCase *cases = tcase_create("bytes");
    tcase_add_test(cases, slice_is_clipped);
    tcase_add_test(cases, equality);
    tcase_add_test(cases, hexadecimal);
    tcase_add_test(cases, words_are_big_endian);
    tcase_add_test(cases, cursor_reads_in_order);
    tcase_add_test(cases, cursor_fails_once_and_for_all);
    tcase_add_test(cases, error_carries_its_numbers);
    tcase_add_test(cases, error_text_is_cut_at_its_end);
    tcase_add_test(cases, buffer_grows);
    tcase_add_test(cases, arena_keeps_addresses);
    tcase_add_test(cases, memory_is_zeroed_and_cleansed);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
