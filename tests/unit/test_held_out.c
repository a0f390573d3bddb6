/* test_held_out.c - the two streams of a seed: to train on, and to measure on.
 * SPDX-License-Identifier: MIT */
#include "data/dataset.h"

#include "close.h"

enum { LENGTH = 25, DRAWS = 200 };

/* The first sequences of a dataset. */
static void draw(uint64_t seed, bool held_out, int32_t out[DRAWS][LENGTH])
{
    seqecho_dataset *d = NULL;

    assert_int_equal(
        seqecho_dataset_create(&d, SEQECHO_DATASET(.seed = seed, .held_out = held_out)), 0);
    for (int i = 0; i < DRAWS; i++) {
        memcpy(out[i], seqecho_dataset_sequence(d, NULL), sizeof out[i]);
        seqecho_dataset_next(d);
    }
    seqecho_dataset_destroy(d);
}

static void streams_share_nothing(void **state)
{
    static int32_t train[DRAWS][LENGTH], held_out[DRAWS][LENGTH];

    (void)state;
    draw(7, false, train);
    draw(7, true, held_out);
    for (int i = 0; i < DRAWS; i++)
        for (int j = 0; j < DRAWS; j++)
            assert_memory_not_equal(train[i], held_out[j], sizeof train[i]);
}

static void held_out_draws_are_frozen(void **state)
{
    static const int32_t want[] = { 94, 75, 24, 53, 6, 7, 68, 3, 56, 88 };
    static int32_t once[DRAWS][LENGTH], again[DRAWS][LENGTH], other[DRAWS][LENGTH];

    (void)state;
    draw(1, true, once);
    draw(1, true, again);
    draw(2, true, other);
    assert_memory_equal(once, again, sizeof once);
    assert_memory_not_equal(once[0], other[0], sizeof once[0]);
    assert_memory_equal(once[0], want, sizeof want);
}

/* The position counts the draws of either stream. */
static void seek_stays_in_its_stream(void **state)
{
    static int32_t held_out[DRAWS][LENGTH];
    seqecho_dataset *d = NULL;

    (void)state;
    draw(3, true, held_out);
    assert_int_equal(
        seqecho_dataset_create(&d, SEQECHO_DATASET(.seed = 3, .held_out = true)), 0);
    seqecho_dataset_seek(d, 100);
    seqecho_dataset_next(d);
    assert_int_equal(seqecho_dataset_position(d), 101);
    assert_memory_equal(seqecho_dataset_sequence(d, NULL), held_out[100],
                        sizeof held_out[100]);
    seqecho_dataset_destroy(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_share_nothing),
        cmocka_unit_test(held_out_draws_are_frozen),
        cmocka_unit_test(seek_stays_in_its_stream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
