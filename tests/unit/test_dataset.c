/* test_dataset.c - the dataset handle.
 * SPDX-License-Identifier: MIT */
#include "data/dataset.h"

#include "close.h"
#include "counting_alloc.h"
#include "refuse.h"

static seqecho_dataset *create(const seqecho_dataset_options *options)
{
    seqecho_dataset *d = NULL;

    assert_int_equal(seqecho_dataset_create(&d, options), 0);
    assert_non_null(d);
    return d;
}

static void assert_shape(const seqecho_view *view, int32_t dtype, int32_t rank, int64_t a,
                         int64_t b, int64_t c)
{
    assert_non_null(view->data);
    assert_int_equal(view->dtype, dtype);
    assert_int_equal(view->rank, rank);
    assert_int_equal(view->dim[0], a);
    assert_int_equal(view->dim[1], b);
    assert_int_equal(view->dim[2], c);
    assert_int_equal(view->dim[3], 0);
}

static size_t count_of(const seqecho_view *view)
{
    size_t count = 1;

    for (int32_t i = 0; i < view->rank; i++)
        count *= (size_t)view->dim[i];
    return count;
}

/* ---- Drawing ------------------------------------------------------------------------ */

static void zero_options_are_the_tutorial(void **state)
{
    seqecho_dataset *const d = create(NULL);
    size_t length = 0;

    (void)state;
    assert_shape(seqecho_dataset_x(d), SEQECHO_FLOAT32, 3, 21, 5, 100);
    assert_shape(seqecho_dataset_y(d), SEQECHO_FLOAT32, 3, 21, 5, 100);
    assert_non_null(seqecho_dataset_sequence(d, &length));
    assert_non_null(seqecho_dataset_sequence(d, NULL));
    assert_int_equal(length, 25);
    seqecho_dataset_destroy(d);
}

static void draws_are_those_of_generate_sequence(void **state)
{
    const uint64_t seed = UINT64_C(0xabcdef0123456789);
    seqecho_dataset *const d = create(SEQECHO_DATASET(.length = 40, .seed = seed));
    seqecho_rng rng = { seed, 0 };
    int32_t want[40];

    (void)state;
    for (uint64_t i = 0; i < 20; i++) {
        assert_int_equal(seqecho_generate_sequence(&rng, 100, want, 40), 0);
        assert_memory_equal(seqecho_dataset_sequence(d, NULL), want, sizeof want);
        assert_int_equal(seqecho_dataset_position(d), i + 1);
        seqecho_dataset_next(d);
    }
    seqecho_dataset_destroy(d);
}

static void first_sequence_of_seed_1_is_frozen(void **state)
{
    static const int32_t want[] = { 89, 89, 58, 71, 67, 87, 47, 65, 24, 55 };
    seqecho_dataset *const d = create(SEQECHO_DATASET(.seed = 1));

    (void)state;
    assert_memory_equal(seqecho_dataset_sequence(d, NULL), want, sizeof want);
    seqecho_dataset_destroy(d);
}

static void seek_draws_again(void **state)
{
    seqecho_dataset *const d = create(SEQECHO_DATASET(.seed = 3));
    const float *const x = seqecho_dataset_x(d)->data;
    int32_t fifth[25], far[25];
    float fifth_x[21 * 5 * 100];
    seqecho_rng rng = { 3, UINT64_C(1) << 40 };

    (void)state;
    for (int i = 0; i < 5; i++)
        seqecho_dataset_next(d);
    memcpy(fifth, seqecho_dataset_sequence(d, NULL), sizeof fifth);
    memcpy(fifth_x, x, sizeof fifth_x);

    seqecho_dataset_seek(d, UINT64_C(1) << 40);
    assert_memory_equal(seqecho_dataset_sequence(d, NULL), fifth, sizeof fifth);
    seqecho_dataset_next(d);
    assert_int_equal(seqecho_generate_sequence(&rng, 100, far, 25), 0);
    assert_memory_equal(seqecho_dataset_sequence(d, NULL), far, sizeof far);
    assert_memory_not_equal(far, fifth, sizeof fifth);

    seqecho_dataset_seek(d, 5);
    assert_int_equal(seqecho_dataset_position(d), 5);
    seqecho_dataset_next(d);
    assert_int_equal(seqecho_dataset_position(d), 6);
    assert_memory_equal(seqecho_dataset_sequence(d, NULL), fifth, sizeof fifth);
    assert_same_bits(x, fifth_x, sizeof fifth_x / sizeof *fifth_x);
    seqecho_dataset_destroy(d);
}

/* ---- Content ------------------------------------------------------------------------ */

/* What a view must hold, by the plain functions: framed classes, encoded one by one. */
static void assert_content(const seqecho_view *view, const seqecho_dataset_options *o,
                           const int32_t *classes, bool is_x)
{
    const size_t steps = (size_t)(view->dim[0] * view->dim[1]);
    const bool one_hot = o->encoding == SEQECHO_ENCODE_ONE_HOT;
    const float *const values = view->data;

    if (o->encoding == SEQECHO_ENCODE_INTEGER) {
        assert_memory_equal(view->data, classes, steps * sizeof *classes);
        return;
    }
    for (size_t i = 0; i < steps; i++) {
        const size_t width = one_hot ? (size_t)o->n_unique : 1;
        float want[64] = { 0.0f };

        assert_true(width <= 64);
        if (classes[i] < 0)
            for (size_t k = 0; k < width; k++)
                want[k] = is_x || !one_hot ? o->pad_value : 0.0f;
        else if (one_hot)
            assert_int_equal(seqecho_one_hot_encode(&classes[i], 1, o->n_unique, want), 0);
        else
            assert_int_equal(seqecho_linear_encode(&classes[i], 1, o->n_unique, want), 0);
        assert_same_bits(values + i * width, want, width);
    }
}

static void assert_current(const seqecho_dataset *d, const seqecho_dataset_options *o)
{
    const seqecho_view *const x = seqecho_dataset_x(d), *const y = seqecho_dataset_y(d);
    int32_t class_x[64 * 8], class_y[64 * 8];

    assert_true(count_of(x) > 0 && x->dim[0] * x->dim[1] <= 64 * 8);
    assert_int_equal(seqecho_to_supervised_int32(
                         seqecho_dataset_sequence(d, NULL), (size_t)o->length,
                         (size_t)o->n_in, (size_t)o->n_out, o->rows, -1, class_x, class_y),
                     0);
    assert_content(x, o, class_x, true);
    assert_content(y, o, class_y, false);
}

/* Every encoding with every way of padding, over some draws: content, and views that stay
 * where they are. */
static void every_encoding_with_every_padding(void **state)
{
    (void)state;
    for (int encoding = 0; encoding <= SEQECHO_ENCODE_INTEGER; encoding++)
        for (int rows = 0; rows <= SEQECHO_ROWS_PAD_BOTH; rows++) {
            const bool integers = encoding == SEQECHO_ENCODE_INTEGER;
            const int64_t width = encoding == SEQECHO_ENCODE_ONE_HOT ? 13 : 1;
            const int64_t count = 11 + 4 * (rows - SEQECHO_ROWS_COMPLETE);
            const seqecho_dataset_options *const o =
                SEQECHO_DATASET(.length = 15, .n_unique = 13, .n_in = 5, .n_out = 3,
                                .pad_value = -2.5f, .encoding = (seqecho_encoding)encoding,
                                .rows = (seqecho_rows)rows, .seed = 9);
            seqecho_dataset *const d = create(o);
            const seqecho_view x = *seqecho_dataset_x(d), y = *seqecho_dataset_y(d);

            assert_shape(&x, integers ? SEQECHO_INT32 : SEQECHO_FLOAT32, integers ? 2 : 3,
                         count, 5, integers ? 0 : width);
            assert_shape(&y, integers ? SEQECHO_INT32 : SEQECHO_FLOAT32, integers ? 2 : 3,
                         count, 3, integers ? 0 : width);
            for (int draw = 0; draw < 4; draw++) {
                assert_current(d, o);
                seqecho_dataset_next(d);
                assert_memory_equal(seqecho_dataset_x(d), &x, sizeof x);
                assert_memory_equal(seqecho_dataset_y(d), &y, sizeof y);
            }
            seqecho_dataset_destroy(d);
        }
}

static void one_hot_rows_match_the_plain_functions(void **state)
{
    const size_t count = 29 * 5 * 100;
    seqecho_dataset *const d =
        create(SEQECHO_DATASET(.rows = SEQECHO_ROWS_PAD_BOTH, .pad_value = -1.0f));
    float *const encoded = malloc(25 * 100 * sizeof *encoded);
    float *const x = malloc(count * sizeof *x), *const y = malloc(count * sizeof *y);

    (void)state;
    assert_true(encoded != NULL && x != NULL && y != NULL);
    seqecho_dataset_next(d);
    assert_int_equal(
        seqecho_one_hot_encode(seqecho_dataset_sequence(d, NULL), 25, 100, encoded), 0);
    assert_int_equal(
        seqecho_to_supervised(encoded, 25, 100, 5, 5, SEQECHO_ROWS_PAD_BOTH, -1.0f, x, y),
        0);
    assert_same_bits(seqecho_dataset_x(d)->data, x, count);
    free(encoded);
    free(x);
    free(y);
    seqecho_dataset_destroy(d);
}

static void class_numbers_stand_beside_the_rows(void **state)
{
    seqecho_dataset *const one_hot = create(SEQECHO_DATASET(.n_out = 2, .seed = 4));
    seqecho_dataset *const integer =
        create(SEQECHO_DATASET(.n_out = 2, .seed = 4, .encoding = SEQECHO_ENCODE_INTEGER));
    seqecho_dataset *const linear =
        create(SEQECHO_DATASET(.encoding = SEQECHO_ENCODE_LINEAR));
    seqecho_dataset *const padded = create(SEQECHO_DATASET(.rows = SEQECHO_ROWS_PAD_START));
    const se_classes *const c = se_dataset_classes(one_hot);

    (void)state;
    assert_null(se_dataset_classes(linear));
    assert_null(se_dataset_classes(padded));
    assert_non_null(c);
    assert_int_equal(c->n_unique, 100);
    assert_shape(&c->x, SEQECHO_INT32, 2, 21, 5, 0);
    assert_shape(&c->y, SEQECHO_INT32, 2, 21, 2, 0);
    for (int draw = 0; draw < 3; draw++) {
        int32_t x[21 * 5], y[21 * 2];

        assert_int_equal(
            seqecho_dataset_decode(one_hot, seqecho_dataset_x(one_hot)->data, 21 * 5, x),
            0);
        assert_int_equal(
            seqecho_dataset_decode(one_hot, seqecho_dataset_y(one_hot)->data, 21 * 2, y),
            0);
        assert_memory_equal(c->x.data, x, sizeof x);
        assert_memory_equal(c->y.data, y, sizeof y);
        assert_memory_equal(seqecho_dataset_x(integer)->data, x, sizeof x);
        assert_memory_equal(seqecho_dataset_y(integer)->data, y, sizeof y);
        assert_ptr_equal(se_dataset_classes(integer)->x.data,
                         seqecho_dataset_x(integer)->data);
        seqecho_dataset_next(one_hot);
        seqecho_dataset_next(integer);
    }
    seqecho_dataset_destroy(one_hot);
    seqecho_dataset_destroy(integer);
    seqecho_dataset_destroy(linear);
    seqecho_dataset_destroy(padded);
}

/* ---- Sequences of the caller's ------------------------------------------------------ */

static void set_sequence_frames_the_callers(void **state)
{
    const seqecho_dataset_options *const o =
        SEQECHO_DATASET(.length = 6, .n_unique = 10, .n_in = 3, .n_out = 2,
                        .rows = SEQECHO_ROWS_PAD_START, .pad_value = 0.5f);
    static const int32_t mine[] = { 9, 0, 5, 5, 1, 2 };
    seqecho_dataset *const d = create(o);

    (void)state;
    assert_int_equal(seqecho_dataset_set_sequence(d, mine, 6), 0);
    assert_memory_equal(seqecho_dataset_sequence(d, NULL), mine, sizeof mine);
    assert_int_equal(seqecho_dataset_position(d), 1);
    assert_current(d, o);
    assert_int_equal(seqecho_dataset_set_sequence(d, seqecho_dataset_sequence(d, NULL), 6),
                     0);
    assert_current(d, o);
    seqecho_dataset_next(d);
    assert_int_equal(seqecho_dataset_position(d), 2);
    assert_current(d, o);
    seqecho_dataset_destroy(d);
}

static void set_sequence_refuses_and_changes_nothing(void **state)
{
    const seqecho_dataset_options *const o =
        SEQECHO_DATASET(.length = 6, .n_unique = 10, .n_in = 3, .n_out = 2);
    static const int32_t good[] = { 9, 0, 5, 5, 1, 2 };
    static const int32_t large[] = { 1, 2, 3, 4, 5, 10 };
    static const int32_t negative[] = { 1, -2, 3, 4, 5, 6 };
    seqecho_dataset *const d = create(o);

    (void)state;
    assert_int_equal(seqecho_dataset_set_sequence(d, good, 6), 0);
    assert_refused(seqecho_dataset_set_sequence(d, large, 6), SEQECHO_EINVAL,
                   "dataset: sequence[5] is 10, expected a value in [0, 10)");
    assert_refused(seqecho_dataset_set_sequence(d, negative, 6), SEQECHO_EINVAL,
                   "dataset: sequence[1] is -2, expected a value in [0, 10)");
    assert_refused(seqecho_dataset_set_sequence(d, good, 5), SEQECHO_ESHAPE,
                   "dataset: the sequence has 5 steps, expected length = 6");
    assert_refused(seqecho_dataset_set_sequence(d, NULL, 6), SEQECHO_EINVAL,
                   "dataset: sequence is NULL");
    assert_refused(seqecho_dataset_set_sequence(NULL, good, 6), SEQECHO_EINVAL,
                   "dataset: dataset is NULL");
    assert_memory_equal(seqecho_dataset_sequence(d, NULL), good, sizeof good);
    assert_current(d, o);
    seqecho_dataset_destroy(d);
}

/* ---- Decoding ----------------------------------------------------------------------- */

static void decode_follows_the_encoding(void **state)
{
    static const float rows[] = { 0.2f, 0.5f, 0.3f, 0.6f, 0.3f, 0.1f };
    static const float numbers[] = { 0.24f, 0.26f, 2.0f };
    seqecho_dataset *const one_hot = create(SEQECHO_DATASET(.n_unique = 3));
    seqecho_dataset *const integer =
        create(SEQECHO_DATASET(.n_unique = 3, .encoding = SEQECHO_ENCODE_INTEGER));
    seqecho_dataset *const linear =
        create(SEQECHO_DATASET(.n_unique = 3, .encoding = SEQECHO_ENCODE_LINEAR));
    int32_t out[3];

    (void)state;
    assert_int_equal(seqecho_dataset_decode(one_hot, rows, 2, out), 0);
    assert_int_equal(out[0], 1);
    assert_int_equal(out[1], 0);
    out[0] = out[1] = -7;
    assert_int_equal(seqecho_dataset_decode(integer, rows, 2, out), 0);
    assert_int_equal(out[0], 1);
    assert_int_equal(out[1], 0);
    assert_int_equal(seqecho_dataset_decode(linear, numbers, 3, out), 0);
    assert_int_equal(out[0], 0);
    assert_int_equal(out[1], 1);
    assert_int_equal(out[2], 2);
    assert_refused(seqecho_dataset_decode(NULL, rows, 2, out), SEQECHO_EINVAL,
                   "dataset: dataset is NULL");
    assert_refused(seqecho_dataset_decode(one_hot, NULL, 2, out), SEQECHO_EINVAL,
                   "one_hot_decode: encoded is NULL, expected an array for length = 2");
    assert_refused(seqecho_dataset_decode(linear, numbers, 2, NULL), SEQECHO_EINVAL,
                   "linear_decode: out is NULL, expected an array for length = 2");
    assert_int_equal(seqecho_dataset_decode(one_hot, NULL, 0, NULL), 0);
    seqecho_dataset_destroy(one_hot);
    seqecho_dataset_destroy(integer);
    seqecho_dataset_destroy(linear);
}

/* ---- Refusals ----------------------------------------------------------------------- */

static void refuse(const seqecho_dataset_options *options, int code, const char *text)
{
    seqecho_dataset *d = (seqecho_dataset *)&d;

    assert_refused(seqecho_dataset_create(&d, options), code, text);
    assert_null(d);
}

static void create_refuses_bad_options(void **state)
{
    const seqecho_allocator half = { sizeof half, counting_alloc_alloc, NULL, NULL };
    const seqecho_dataset_options stray = { .struct_size = 1 };

    (void)state;
    assert_refused(seqecho_dataset_create(NULL, NULL), SEQECHO_EINVAL,
                   "dataset: out is NULL");
    refuse(SEQECHO_DATASET(.n_in = 26), SEQECHO_EINVAL,
           "dataset: n_in is 26, but the sequence has only length = 25 steps");
    refuse(SEQECHO_DATASET(.n_out = 6), SEQECHO_EINVAL,
           "dataset: n_out is 6, but the window has only n_in = 5 steps");
    refuse(SEQECHO_DATASET(.length = -1), SEQECHO_EINVAL,
           "dataset: length is -1, expected 1 to 2147483648");
    refuse(SEQECHO_DATASET(.n_unique = -2), SEQECHO_EINVAL,
           "dataset: n_unique is -2, expected 1 to 2147483647");
    refuse(SEQECHO_DATASET(.n_in = -3), SEQECHO_EINVAL,
           "dataset: n_in is -3, expected 1 to 2147483648");
    refuse(SEQECHO_DATASET(.n_out = -4), SEQECHO_EINVAL,
           "dataset: n_out is -4, expected 1 to 2147483648");
    refuse(SEQECHO_DATASET(.encoding = (seqecho_encoding)3), SEQECHO_EINVAL,
           "dataset: encoding is 3, expected SEQECHO_ENCODE_*");
    refuse(SEQECHO_DATASET(.rows = (seqecho_rows)7), SEQECHO_EINVAL,
           "dataset: rows is 7, expected SEQECHO_ROWS_*");
    refuse(SEQECHO_DATASET(.reserved = { 0, 0, 8 }), SEQECHO_ENOTSUP,
           "dataset: reserved is set, but this library knows only 0");
    refuse(&stray, SEQECHO_EINVAL,
           "dataset options: struct_size is 1, expected about 72; was the struct made by "
           "its macro or init template?");
    refuse(SEQECHO_DATASET(.allocator = &half), SEQECHO_EINVAL,
           "allocator: both alloc and release must be given");
}

static void create_refuses_sizes_that_overflow(void **state)
{
    const int64_t two_31 = INT64_C(1) << 31, two_62 = INT64_C(1) << 62;

    (void)state;
    refuse(SEQECHO_DATASET(.length = two_62), SEQECHO_EINVAL,
           "dataset: length is 4611686018427387904, expected 1 to 2147483648");
    refuse(SEQECHO_DATASET(.length = two_31 + 1), SEQECHO_EINVAL,
           "dataset: length is 2147483649, expected 1 to 2147483648");
    refuse(SEQECHO_DATASET(.n_unique = two_31), SEQECHO_EINVAL,
           "dataset: n_unique is 2147483648, expected 1 to 2147483647");
    refuse(SEQECHO_DATASET(.n_in = INT64_MAX), SEQECHO_EINVAL,
           "dataset: n_in is 9223372036854775807, expected 1 to 2147483648");
    refuse(SEQECHO_DATASET(.n_out = INT64_MIN), SEQECHO_EINVAL,
           "dataset: n_out is -9223372036854775808, expected 1 to 2147483648");
    refuse(SEQECHO_DATASET(.length = two_31, .n_in = two_31 / 2), SEQECHO_EINVAL,
           "dataset: x of (1073741825, 1073741824, 100) numbers does not fit the address "
           "space");
    refuse(SEQECHO_DATASET(.length = two_31, .n_in = 2, .n_unique = INT32_MAX),
           SEQECHO_EINVAL,
           "dataset: x of (2147483647, 2, 2147483647) numbers does not fit the address "
           "space");
    refuse(SEQECHO_DATASET(.length = two_31, .n_in = two_31, .n_unique = 1,
                           .rows = SEQECHO_ROWS_PAD_BOTH),
           SEQECHO_EINVAL,
           "dataset: x of (4294967295, 2147483648, 1) numbers does not fit the address "
           "space");
}

/* ---- Memory ------------------------------------------------------------------------- */

static void draws_do_not_allocate(void **state)
{
    counting_alloc count = { 0 };
    const seqecho_allocator hook = counting_alloc_hook(&count);
    seqecho_dataset *const d =
        create(SEQECHO_DATASET(.allocator = &hook, .rows = SEQECHO_ROWS_PAD_START));
    const int64_t calls = count.calls;

    (void)state;
    assert_true(calls > 0);
    assert_int_equal(count.live, calls);
    for (int i = 0; i < 10; i++)
        seqecho_dataset_next(d);
    assert_int_equal(seqecho_dataset_set_sequence(d, seqecho_dataset_sequence(d, NULL), 25),
                     0);
    assert_int_equal(count.calls, calls);
    seqecho_dataset_destroy(d);
    assert_int_equal(count.live, 0);
}

static void every_failing_allocation_is_survived(void **state)
{
    int encoding;

    (void)state;
    for (encoding = 0; encoding <= SEQECHO_ENCODE_INTEGER; encoding++) {
        int64_t fail_at = 1;

        for (;; fail_at++) {
            counting_alloc count = { .fail_at = fail_at };
            const seqecho_allocator hook = counting_alloc_hook(&count);
            seqecho_dataset *d = (seqecho_dataset *)&count;
            const int err = seqecho_dataset_create(
                &d, SEQECHO_DATASET(.allocator = &hook,
                                    .encoding = (seqecho_encoding)encoding));

            if (err == 0) {
                seqecho_dataset_destroy(d);
                assert_int_equal(count.live, 0);
                break;
            }
            assert_int_equal(err, SEQECHO_ENOMEM);
            assert_non_null(strstr(seqecho_error_message(), "dataset: out of memory for "));
            assert_null(d);
            assert_int_equal(count.live, 0);
        }
        assert_int_equal(fail_at, encoding == SEQECHO_ENCODE_INTEGER ? 5 : 7);
    }
}

static void null_is_harmless(void **state)
{
    size_t length = 9;

    (void)state;
    seqecho_dataset_destroy(NULL);
    seqecho_dataset_next(NULL);
    seqecho_dataset_seek(NULL, 3);
    assert_int_equal(seqecho_dataset_position(NULL), 0);
    assert_null(seqecho_dataset_x(NULL));
    assert_null(seqecho_dataset_y(NULL));
    assert_null(seqecho_dataset_sequence(NULL, NULL));
    assert_null(seqecho_dataset_sequence(NULL, &length));
    assert_int_equal(length, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zero_options_are_the_tutorial),
        cmocka_unit_test(draws_are_those_of_generate_sequence),
        cmocka_unit_test(first_sequence_of_seed_1_is_frozen),
        cmocka_unit_test(seek_draws_again),
        cmocka_unit_test(every_encoding_with_every_padding),
        cmocka_unit_test(one_hot_rows_match_the_plain_functions),
        cmocka_unit_test(class_numbers_stand_beside_the_rows),
        cmocka_unit_test(set_sequence_frames_the_callers),
        cmocka_unit_test(set_sequence_refuses_and_changes_nothing),
        cmocka_unit_test(decode_follows_the_encoding),
        cmocka_unit_test(create_refuses_bad_options),
        cmocka_unit_test(create_refuses_sizes_that_overflow),
        cmocka_unit_test(draws_do_not_allocate),
        cmocka_unit_test(every_failing_allocation_is_survived),
        cmocka_unit_test(null_is_harmless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
