/* test_lstm_masks.c - gradients of LSTMs behind inputs with lengths, with dropout at work,
 * through the public interface.
 * SPDX-License-Identifier: MIT
 *
 * Each evaluation has a trainer of its own, so that its only pass is the first and draws
 * what the others draw. */
#include <stdlib.h>

#include <math.h>

#include "close.h"
#include "gradcheck.h"

enum { SAMPLES = 5, STEPS = 4, FEATURES = 3, UNITS = 4, LAST = 2, DIRECTIONS = 6 };
enum { X = SAMPLES * STEPS * FEATURES, OUT = SAMPLES * STEPS * LAST, MOST = 600 };

static const int32_t lengths[SAMPLES] = { 3, 4, 0, 1, 2 };

typedef struct setup {
    seqecho_graph *graph;
    float x[X], dy[OUT], weights[MOST];
    size_t n;
} setup;

/* Two LSTMs of this kind, and a Dense. */
static void begin(setup *s, seqecho_lstm_spec spec)
{
    gradcheck_model m = gradcheck_begin(); /* the random numbers begin anew */

    spec.head = (seqecho_spec){ sizeof spec, SEQECHO_KIND_LSTM, 0 };
    spec.units = UNITS;
    spec.return_sequences = true;
    s->graph = m.graph;
    seqecho_graph_add(m.graph, SEQECHO_INPUT(.dim = { STEPS, FEATURES }, .lengths = true));
    seqecho_graph_add(m.graph, &spec.head);
    seqecho_graph_add(m.graph, &spec.head);
    seqecho_graph_add(m.graph, SEQECHO_DENSE(.units = LAST));
    if (seqecho_graph_status(m.graph) < 0)
        fail_msg("%s", seqecho_error_message());
    s->n = (size_t)seqecho_graph_parameter_count(m.graph);
    assert_true(s->n <= MOST);
    for (size_t i = 0; i < s->n; i++)
        s->weights[i] = 0.9F * gradcheck_random();
    for (size_t i = 0; i < X; i++)
        s->x[i] = gradcheck_random();
    for (size_t i = 0; i < OUT; i++)
        s->dy[i] = gradcheck_random();
}

typedef int (*weight_fn)(seqecho_trainer *trainer, seqecho_graph *graph, const char *name,
                         float *values, size_t n);

static int set_weight(seqecho_trainer *trainer, seqecho_graph *graph, const char *name,
                      float *values, size_t n)
{
    (void)trainer;
    return seqecho_graph_weight_set(graph, name, values, n);
}

static int get_gradient(seqecho_trainer *trainer, seqecho_graph *graph, const char *name,
                        float *values, size_t n)
{
    (void)graph;
    return seqecho_trainer_gradient_get(trainer, name, values, n);
}

/* The same with every weight and its part of `values`. */
static void each_weight(const setup *s, seqecho_trainer *trainer, weight_fn fn,
                        float *values)
{
    for (size_t i = 0; i < seqecho_graph_weight_count(s->graph); i++) {
        const char *const name = seqecho_graph_weight_name(s->graph, i);
        seqecho_view shape;
        size_t n;

        assert_int_equal(seqecho_graph_weight_shape(s->graph, name, &shape), 0);
        n = (size_t)shape.dim[0] * (size_t)(shape.rank == 2 ? shape.dim[1] : 1);
        if (fn(trainer, s->graph, name, values, n) < 0)
            fail_msg("%s", seqecho_error_message());
        values += n;
    }
}

/* sum(output dy) at `step` along a direction of the weights and x; gradients of both go to
 * `gradient` if it is not NULL. */
static double evaluate(const setup *s, double step, const float *direction, float *gradient)
{
    float weights[MOST], x[X], out[OUT];
    const seqecho_view views[] = { { x, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 },
                                   { lengths, { SAMPLES }, 1, SEQECHO_INT32 } };
    const seqecho_view dy = { s->dy, { SAMPLES, STEPS, LAST }, 3, SEQECHO_FLOAT32 };
    seqecho_trainer *trainer;
    double sum = 0.0;

    for (size_t i = 0; i < s->n; i++)
        weights[i] = s->weights[i] + (float)step * direction[i];
    for (size_t i = 0; i < X; i++)
        x[i] = s->x[i] + (float)step * direction[s->n + i];
    each_weight(s, NULL, set_weight, weights);
    assert_int_equal(
        seqecho_trainer_create(&trainer, s->graph, SEQECHO_TRAINER(.seed = 21)), 0);
    if (seqecho_trainer_forward(trainer, views, out, OUT) < 0)
        fail_msg("%s", seqecho_error_message());
    for (size_t i = 0; i < OUT; i++)
        sum += (double)out[i] * (double)s->dy[i];
    if (gradient != NULL) {
        assert_int_equal(seqecho_trainer_backward(trainer, &dy, gradient + s->n, X), 0);
        each_weight(s, trainer, get_gradient, gradient);
    }
    seqecho_trainer_destroy(trainer);
    return sum;
}

/* Differences of three step sizes, extrapolated to zero. */
static double slope(const setup *s, const float *direction)
{
    double d[3];

    for (int i = 0; i < 3; i++) {
        const double h = 0.04 / (1 << i);

        d[i] = (evaluate(s, h, direction, NULL) - evaluate(s, -h, direction, NULL)) /
               (2.0 * h);
    }
    d[0] = (4.0 * d[1] - d[0]) / 3.0;
    d[1] = (4.0 * d[2] - d[1]) / 3.0;
    return (16.0 * d[1] - d[0]) / 15.0;
}

static void check(seqecho_lstm_spec spec)
{
    float direction[MOST + X] = { 0 }, gradient[MOST + X];
    setup s;

    begin(&s, spec);
    (void)evaluate(&s, 0.0, direction, gradient);
    for (int n = 0; n < DIRECTIONS; n++) {
        double want = 0.0, length = 0.0;

        for (size_t i = 0; i < s.n + X; i++) { /* all, weights, or inputs */
            const bool moves = n % 3 == 0 || (n % 3 == 1) == (i < s.n);

            direction[i] = moves ? (n % 3 == 2 ? 1.0F : 0.2F) * gradcheck_random() : 0.0F;
            want += (double)gradient[i] * (double)direction[i];
            length += fabs((double)gradient[i] * (double)direction[i]);
        }
        assert_true(length > 0.02);
        assert_close_double(want, slope(&s, direction), 0.0, 1e-3 * length + 5e-5);
    }
    seqecho_graph_destroy(s.graph);
}

static void lengths_alone(void **state)
{
    (void)state;
    check((seqecho_lstm_spec){ .name = NULL });
    check((seqecho_lstm_spec){ .masked_output = SEQECHO_MASKED_ZERO });
    check((seqecho_lstm_spec){ .go_backwards = true });
    check((seqecho_lstm_spec){ .activation = SEQECHO_SWISH });
}

static void dropout(void **state)
{
    (void)state;
    check((seqecho_lstm_spec){ .dropout = 0.3F });
    check((seqecho_lstm_spec){ .dropout = 0.3F, .implementation = 1 });
    check((seqecho_lstm_spec){ .recurrent_dropout = 0.3F });
    check((seqecho_lstm_spec){ .dropout = 0.2F, .recurrent_dropout = 0.3F });
    check((seqecho_lstm_spec){ .dropout = 0.2F,
                               .recurrent_dropout = 0.3F,
                               .go_backwards = true,
                               .no_bias = true });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_alone),
        cmocka_unit_test(dropout),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
