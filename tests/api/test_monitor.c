/* test_monitor.c - what a reduction of the learning rate looks at, and its memory.
 * SPDX-License-Identifier: MIT */
#include "close.h"
#include "counting_alloc.h"
#include "crafted.h"

static double rate_after(const char *monitor, bool validation, const float *loss,
                         const float *val_loss)
{
    seqecho_callback *reduce;
    double rate;
    crafted c;

    crafted_begin(&c, false, 0.5);
    memcpy(c.target, loss, 3 * sizeof *loss);
    memcpy(c.val_target, val_loss, 3 * sizeof *val_loss);
    assert_int_equal(
        seqecho_reduce_lr_create(
            &reduce, SEQECHO_REDUCE_LR(.monitor = monitor, .factor = 0.5, .patience = 1)),
        0);
    assert_int_equal(crafted_fit(&c, 3, validation, &reduce, 1, NULL), 0);
    assert_int_equal(seqecho_trainer_get(c.trainer, SEQECHO_PARAM_LEARNING_RATE, &rate), 0);
    seqecho_callback_destroy(reduce);
    crafted_end(&c);
    return rate;
}

/* The validation where there is one, unless a metric is named; one that gets no better
 * halves the rate twice. */
static void reduction_looks_at(void **state)
{
    static const float falls[] = { 3, 2, 1 }, rises[] = { 1, 2, 3 };

    (void)state;
    assert_true(rate_after(NULL, false, falls, rises) == 0.5);
    assert_true(rate_after(NULL, false, rises, falls) == 0.125);
    assert_true(rate_after(NULL, true, falls, rises) == 0.125);
    assert_true(rate_after(NULL, true, rises, falls) == 0.5);
    assert_true(rate_after("loss", true, falls, rises) == 0.5);
    assert_true(rate_after("loss", true, rises, falls) == 0.125);
    assert_true(rate_after("val_loss", true, falls, rises) == 0.125);
}

/* Its memory is that of the hook, and comes back. */
static void reduction_uses_the_hook(void **state)
{
    (void)state;
    for (int64_t at = 1; at <= 3; at++) {
        counting_alloc blocks = { .fail_at = at };
        const seqecho_allocator hook = counting_alloc_hook(&blocks);
        seqecho_callback *reduce = (seqecho_callback *)&blocks;
        const int err = seqecho_reduce_lr_create(
            &reduce, SEQECHO_REDUCE_LR(.monitor = "loss", .allocator = &hook));

        assert_int_equal(err, at <= blocks.calls ? SEQECHO_ENOMEM : 0);
        assert_true(err == 0 ? blocks.live > 0 : reduce == NULL && blocks.live == 0);
        seqecho_callback_destroy(reduce);
        assert_int_equal(blocks.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reduction_looks_at),
        cmocka_unit_test(reduction_uses_the_hook),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
