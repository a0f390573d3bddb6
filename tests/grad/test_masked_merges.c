/* test_masked_merges.c - gradients through layers of several inputs, where steps of some of
 * them are missing: the mask goes on to an LSTM, so that it matters.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "close.h"
#include "gradcheck.h"
#include "slopes.h"

enum { SAMPLES = 3, STEPS = 4, FEATURES = 2, X = SAMPLES * STEPS * FEATURES };

#define MISSING 7.0F

static float x[3][X];

/* Is this step of an input missing? */
static bool is_missing(size_t input, size_t sample, size_t step)
{
    return input == 1 ? step >= sample + 2 : step == (sample + input) % STEPS;
}

static void check(const seqecho_spec *spec, size_t n, size_t first)
{
    char name[64];
    gradcheck_model m = gradcheck_begin();
    slopes s = { .name = name, .graph = m.graph, .n_input = n, .marker = MISSING };
    seqecho_node *in[3], *node;

    (void)snprintf(name, sizeof name, "kind %d of %d, masks from %d on", (int)spec->kind,
                   (int)n, (int)first);
    for (size_t i = 0; i < n; i++) {
        node = gradcheck_input(&m, 0, STEPS, FEATURES, 0);
        in[i] = i < first ? node : gradcheck_apply(&m, SEQECHO_MASKING(MISSING), node);
        s.x[i] = (seqecho_view){ x[i], { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 };
        s.input[i] = x[i];
        s.size[i] = X;
        for (size_t k = 0; k < X; k++)
            x[i][k] =
                i >= first && is_missing(i, k / FEATURES / STEPS, k / FEATURES % STEPS)
                    ? MISSING
                    : gradcheck_random();
    }
    node = seqecho_layer_call_n(seqecho_layer_create(m.graph, spec), in, n);
    node = gradcheck_apply(&m, SEQECHO_LSTM(.units = 3), node);
    gradcheck_output(&m, node);
    gradcheck_fill_weights(m.graph, false);
    slopes_check(&s, node, SAMPLES);
}

static void merges(void **state)
{
    const seqecho_spec *const specs[] = {
        SEQECHO_ADD,
        SEQECHO_MULTIPLY,
        SEQECHO_AVERAGE,
        SEQECHO_CONCATENATE(.axis = 0),
        SEQECHO_CONCATENATE(.axis = 1),
        SEQECHO_CONCATENATE(.axis = 2),
    };

    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
        for (size_t n = 2; n <= 3; n++)
            for (size_t first = 0; first < n; first++)
                check(specs[i], n, first);
}

/* The query's mask goes on, the value's says what is attended to. */
static void attention(void **state)
{
    const seqecho_spec *const specs[] = {
        SEQECHO_ATTENTION(.use_scale = true),
        SEQECHO_ATTENTION(.scaled = true, .causal = true),
        SEQECHO_ATTENTION(.dropout = 0.3F),
        SEQECHO_ADDITIVE_ATTENTION(.causal = true),
        SEQECHO_ADDITIVE_ATTENTION(.no_scale = true, .dropout = 0.3F),
    };

    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
        for (size_t n = 2; n <= 3; n++)
            for (size_t first = 0; first < n; first++)
                check(specs[i], n, first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merges),
        cmocka_unit_test(attention),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
