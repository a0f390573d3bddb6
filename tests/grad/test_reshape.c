/* test_reshape.c - gradients through Flatten, Reshape and Permute.
 * SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include "gradcheck.h"

/* Between two layers with weights, so that a wrong order would show in both. */
static void check_between(const char *name, const seqecho_spec *spec, int64_t d1,
                          int64_t d2, int64_t d3, int64_t samples)
{
    const gradcheck_options o = { .name = name, .samples = samples };
    const seqecho_spec *const dense = SEQECHO_DENSE(.units = 4, .activation = SEQECHO_TANH);
    gradcheck_model m = gradcheck_begin();
    seqecho_node *node = gradcheck_input(&m, 0, d1, d2, d3);

    node = gradcheck_apply(&m, dense, node);
    node = gradcheck_apply(&m, spec, node);
    node = gradcheck_apply(&m, dense, node);
    gradcheck_output(&m, node);
    gradcheck_run(&m, &o);
}

static void flatten(void **state)
{
    (void)state;
    check_between("flatten, rank 1", SEQECHO_FLATTEN, 3, 0, 0, 3);
    check_between("flatten, rank 2", SEQECHO_FLATTEN, 3, 2, 0, 3);
    check_between("flatten, rank 3", SEQECHO_FLATTEN, 3, 2, 2, 3);
    check_between("flatten, one sample", SEQECHO_FLATTEN, 3, 2, 2, 1);
    check_between("flatten in time_distributed", SEQECHO_TIME_DISTRIBUTED(SEQECHO_FLATTEN),
                  3, 2, 2, 2);
}

static void reshape(void **state)
{
    (void)state;
    check_between("reshape, (4) to (2, 2)", SEQECHO_RESHAPE(2, 2), 3, 0, 0, 3);
    check_between("reshape, (6, 4) to (4, 6)", SEQECHO_RESHAPE(4, -1), 6, 2, 0, 3);
    check_between("reshape, (6, 4) to (2, 4, 3)", SEQECHO_RESHAPE(2, 4, 3), 6, 2, 0, 3);
    check_between("reshape, (2, 3, 4) to (8, 3)", SEQECHO_RESHAPE(8, 3), 2, 3, 2, 1);
}

static void permute(void **state)
{
    (void)state;
    check_between("permute, 1", SEQECHO_PERMUTE(1), 3, 0, 0, 3);
    check_between("permute, 2 1", SEQECHO_PERMUTE(2, 1), 5, 2, 0, 3);
    check_between("permute, 2 1 3", SEQECHO_PERMUTE(2, 1, 3), 3, 2, 2, 3);
    check_between("permute, 2 3 1", SEQECHO_PERMUTE(2, 3, 1), 3, 2, 2, 3);
    check_between("permute, 3 1 2", SEQECHO_PERMUTE(3, 1, 2), 3, 2, 2, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flatten),
        cmocka_unit_test(reshape),
        cmocka_unit_test(permute),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
