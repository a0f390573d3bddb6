/* test_numerics_modes.c - how floating-point work may be arranged: all modes agree, and
 * which of them gives the same bits.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "close.h"
#include "models.h"

/* Large enough that the products of FAST go to a BLAS where there is one. */
enum { BATCH = 24, STEPS = 6, CLASSES = 48, UNITS = 96 };
enum { X = BATCH * STEPS * CLASSES };

static const seqecho_numerics modes[] = { SEQECHO_NUMERICS_REPRODUCIBLE,
                                          SEQECHO_NUMERICS_DEFAULT, SEQECHO_NUMERICS_FAST };

typedef struct answer {
    float y[X], *gradient;
    size_t n;
    double loss;
} answer;

static seqecho_graph *graph_of(void)
{
    return models_whole(
        (models_size){ .units = UNITS, .classes = CLASSES, .steps = STEPS, .seed = 3 });
}

static void must(int err)
{
    if (err < 0)
        fail_msg("%s", seqecho_error_message());
}

/* Outputs, loss and gradients of one batch. */
static void train(seqecho_numerics numerics, int32_t threads, answer *a)
{
    static float x[X], target[X];
    const seqecho_view vx = { x, { BATCH, STEPS, CLASSES }, 3, SEQECHO_FLOAT32 };
    const seqecho_view vy = { target, { BATCH, STEPS, CLASSES }, 3, SEQECHO_FLOAT32 };
    seqecho_report report = SEQECHO_REPORT_INIT;
    seqecho_graph *const graph = graph_of();
    seqecho_trainer *trainer;
    size_t at = 0;

    models_fill(x, X, 1);
    for (size_t i = 0; i < X; i++)
        target[i] = i % CLASSES == i / CLASSES % CLASSES ? 1.0F : 0.0F;
    must(seqecho_trainer_create(&trainer, graph,
                                SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY,
                                                .numerics = numerics, .threads = threads)));
    must(seqecho_trainer_predict(trainer, &vx, a->y, X));
    must(seqecho_trainer_compute_gradients(trainer, &vx, &vy, NULL, 0, &report));
    a->loss = report.loss;
    a->gradient = models_weights(graph, &a->n);
    for (size_t i = 0; i < seqecho_graph_weight_count(graph); i++) {
        const char *const name = seqecho_graph_weight_name(graph, i);
        seqecho_view shape;
        size_t n;

        must(seqecho_graph_weight_shape(graph, name, &shape));
        n = (size_t)(shape.dim[0] * (shape.rank == 2 ? shape.dim[1] : 1));
        must(seqecho_trainer_gradient_get(trainer, name, a->gradient + at, n));
        at += n;
    }
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
}

static void trainers_agree(void **state)
{
    static answer want, got;

    (void)state;
    train(SEQECHO_NUMERICS_REPRODUCIBLE, 1, &want);
    for (size_t i = 0; i < 3; i++)
        for (int32_t threads = 1; threads <= 3; threads += 2) {
            train(modes[i], threads, &got);
            assert_close(got.y, want.y, X, 1e-5, 1e-6);
            assert_close_double(got.loss, want.loss, 1e-6, 0);
            assert_close(got.gradient, want.gradient, got.n, 1e-4, 1e-6);
            if (modes[i] == SEQECHO_NUMERICS_REPRODUCIBLE) {
                assert_same_bits(got.y, want.y, X);
                assert_same_bits(got.gradient, want.gradient, got.n);
                assert_memory_equal(&got.loss, &want.loss, sizeof got.loss);
            }
            free(got.gradient);
        }
    free(want.gradient);
}

/* Samples by themselves, together, on threads, and one step at a time. */
static void predictors_agree(void **state)
{
    static float x[X], want[X], got[X];
    const seqecho_view view = { x, { BATCH, STEPS, CLASSES }, 3, SEQECHO_FLOAT32 };
    seqecho_graph *const graph = graph_of();

    (void)state;
    models_fill(x, X, 1);
    for (size_t i = 0; i < 3; i++)
        for (int64_t batch = 1; batch <= BATCH; batch += BATCH - 1)
            for (int32_t threads = 1; threads <= 3; threads += 2) {
                const bool first = i == 0 && batch == 1 && threads == 1;
                seqecho_predictor *p;

                must(seqecho_predictor_create(&p, graph,
                                              SEQECHO_PREDICTOR(.batch = batch,
                                                                .threads = threads,
                                                                .numerics = modes[i])));
                must(seqecho_predictor_run(p, &view, first ? want : got, X));
                if (!first)
                    assert_close(got, want, X, 1e-5, 1e-6);
                if (!first && modes[i] == SEQECHO_NUMERICS_REPRODUCIBLE)
                    assert_same_bits(got, want, X);
                for (int64_t t = 0; batch == 1 && t < STEPS; t++) {
                    must(seqecho_predictor_step(p, x + t * CLASSES, got));
                    assert_same_bits(got, want + t * CLASSES, CLASSES);
                }
                seqecho_predictor_destroy(p);
            }
    seqecho_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trainers_agree),
        cmocka_unit_test(predictors_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
