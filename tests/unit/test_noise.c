/* test_noise.c - where the random numbers of dropout come from.
 * SPDX-License-Identifier: MIT */
#include "layers/noise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define CALLS 40
#define INNER 4 /* of SE_MAX_INNER, the first and the last two among them */
#define DEPTH 4

typedef struct sites {
    uint32_t *list;
    size_t count;
} sites;

static void visit(sites *s, se_noise noise, int depth)
{
    static const size_t inner[INNER] = { 0, 1, SE_MAX_INNER - 2, SE_MAX_INNER - 1 };

    s->list[s->count++] = noise.site;
    for (int i = 0; depth < DEPTH && i < INNER; i++)
        visit(s, se_noise_inside(noise, inner[i]), depth + 1);
}

static int compare(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* A layer in wrappers draws from a place of its own, which no other call has. */
static void sites_differ(void **state)
{
    sites s = { .list =
                    malloc(CALLS * 341 * sizeof(uint32_t)) }; /* 1 + 4 + 16 + 64 + 256 */

    (void)state;
    assert_non_null(s.list);
    for (uint32_t call = 0; call < CALLS; call++)
        visit(&s, (se_noise){ .site = call * 819 }, 0); /* up to 31941 */
    assert_int_equal(s.count, CALLS * 341);
    qsort(s.list, s.count, sizeof *s.list, compare);
    for (size_t i = 1; i < s.count; i++)
        assert_true(s.list[i] != s.list[i - 1]);
    free(s.list);
}

/* Small numbers of calls too, such as graphs have. */
static void sites_of_first_calls_differ(void **state)
{
    (void)state;
    for (uint32_t a = 0; a < 400; a++)
        for (uint32_t b = 0; b < 400; b++)
            for (size_t i = 0; i < SE_MAX_INNER; i++)
                assert_true(se_noise_inside((se_noise){ .site = a }, i).site != b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sites_differ),
        cmocka_unit_test(sites_of_first_calls_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
