/* test_weighted_fit.c - a fit whose samples, or their time steps, have weights: the step it
 * makes, the losses it tells, whatever the order of the samples.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "close.h"
#include "models.h"

enum { SAMPLES = 6, STEPS = 3, FEATURES = 2, WIDTH = 2 };
enum { X = SAMPLES * STEPS * FEATURES, Y = SAMPLES * STEPS * WIDTH };

#define RATE 0.25F

static const float by_sample[SAMPLES] = { 2.0F, 0.0F, 1.0F, 0.5F, -1.0F, 3.0F };
static const float by_step[SAMPLES * STEPS] = { 1, 0, 2,  0.5F, 1, 1,    0, 0, 0,
                                                3, 1, -1, 1,    2, 0.5F, 1, 1, 4 };

typedef struct setup {
    seqecho_graph *graph;
    seqecho_trainer *trainer;
    float x[X], y[Y];
    seqecho_view vx, vy;
} setup;

static void must(int err)
{
    if (err < 0)
        fail_msg("%s", seqecho_error_message());
}

static void begin(setup *s)
{
    must(seqecho_graph_create(&s->graph, SEQECHO_GRAPH(.seed = 4)));
    seqecho_graph_add(s->graph, SEQECHO_INPUT(.dim = { STEPS, FEATURES }));
    seqecho_graph_add(s->graph, SEQECHO_LSTM(.units = 3, .return_sequences = true));
    seqecho_graph_add(s->graph, SEQECHO_DENSE(.units = WIDTH));
    must(seqecho_trainer_create(&s->trainer, s->graph,
                                SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR,
                                                .optimizer = SEQECHO_SGD,
                                                .learning_rate = RATE)));
    models_fill(s->x, X, 1);
    models_fill(s->y, Y, 2);
    s->vx = (seqecho_view){ s->x, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 };
    s->vy = (seqecho_view){ s->y, { SAMPLES, STEPS, WIDTH }, 3, SEQECHO_FLOAT32 };
}

static void end(setup *s)
{
    seqecho_trainer_destroy(s->trainer);
    seqecho_graph_destroy(s->graph);
}

static seqecho_view weights_of(bool steps)
{
    return steps ? (seqecho_view){ by_step, { SAMPLES, STEPS }, 2, SEQECHO_FLOAT32 }
                 : (seqecho_view){ by_sample, { SAMPLES }, 1, SEQECHO_FLOAT32 };
}

static double weight_of(bool steps, size_t row)
{
    return (double)(steps ? by_step[row] : by_sample[row / STEPS]);
}

/* The weighted loss, and into dy its slopes, divided by the number of steps. */
static double loss_of(setup *s, bool steps, float *dy)
{
    float p[Y];
    double sum = 0.0;

    must(seqecho_trainer_forward(s->trainer, &s->vx, p, Y));
    for (size_t i = 0; i < Y; i++) {
        const double weight = weight_of(steps, i / WIDTH), e = (double)(p[i] - s->y[i]);

        sum += weight * e * e / Y;
        dy[i] = (float)(weight * 2.0 * e / Y);
    }
    return sum;
}

/* One step of the whole batch is one along these slopes. */
static void a_step(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++) {
        const bool steps = way & 1, shuffled = way & 2;
        const seqecho_view weight = weights_of(steps);
        seqecho_report report = SEQECHO_REPORT_INIT;
        float dy[Y], *before, *after;
        seqecho_view back;
        double loss;
        size_t n, at = 0;
        setup s;

        begin(&s);
        loss = loss_of(&s, steps, dy);
        back = s.vy;
        back.data = dy;
        must(seqecho_trainer_backward(s.trainer, &back, NULL, 0));
        before = models_weights(s.graph, &n);
        for (size_t i = 0; i < seqecho_graph_weight_count(s.graph); i++) {
            const char *const name = seqecho_graph_weight_name(s.graph, i);
            float slope[64];
            seqecho_view shape;
            size_t size;

            must(seqecho_graph_weight_shape(s.graph, name, &shape));
            size = (size_t)(shape.dim[0] * (shape.rank == 2 ? shape.dim[1] : 1));
            assert_true(size <= 64);
            must(seqecho_trainer_gradient_get(s.trainer, name, slope, size));
            for (size_t k = 0; k < size; k++)
                before[at++] -= RATE * slope[k];
        }
        must(seqecho_trainer_fit(s.trainer, &s.vx, &s.vy,
                                 SEQECHO_FIT(.batch_size = SAMPLES, .shuffle = shuffled,
                                             .sample_weight = &weight),
                                 &report));
        after = models_weights(s.graph, &n);
        assert_close_double(report.loss, loss, 1e-6, 1e-8);
        assert_close(after, before, n, 1e-6, 1e-7);
        free(before);
        free(after);
        end(&s);
    }
}

/* In small batches, in any order, a weight stays with its sample: where nothing is learned,
 * the losses of an epoch are those of the whole. */
static void weights_stay_with_samples(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++) {
        const bool steps = way & 1, shuffled = way & 2;
        const seqecho_view weight = weights_of(steps);
        seqecho_report report = SEQECHO_REPORT_INIT;
        float dy[Y];
        double loss;
        setup s;

        begin(&s);
        loss = loss_of(&s, steps, dy);
        must(seqecho_trainer_set(s.trainer, SEQECHO_PARAM_LEARNING_RATE, 0.0));
        for (int64_t batch = 1; batch <= SAMPLES; batch += batch) {
            must(seqecho_trainer_fit(s.trainer, &s.vx, &s.vy,
                                     SEQECHO_FIT(.batch_size = batch, .shuffle = shuffled,
                                                 .sample_weight = &weight),
                                     &report));
            assert_close_double(report.loss, loss, 1e-6, 1e-8);
        }
        end(&s);
    }
}

static double last_of(const seqecho_trainer *trainer, const char *metric)
{
    size_t count;
    const double *const values = seqecho_trainer_history(trainer, metric, &count);

    assert_true(values != NULL && count > 0);
    return values[count - 1];
}

/* The validation has weights of its own; a split takes its part of the others. */
static void validation(void **state)
{
    (void)state;
    for (int steps = 0; steps < 2; steps++) {
        const seqecho_view weight = weights_of(steps != 0);
        float dy[Y], p[Y];
        double loss, split = 0.0;
        setup s;

        begin(&s);
        must(seqecho_trainer_set(s.trainer, SEQECHO_PARAM_LEARNING_RATE, 0.0));
        loss = loss_of(&s, steps != 0, dy);
        must(seqecho_trainer_fit(s.trainer, &s.vx, &s.vy,
                                 SEQECHO_FIT(.validation_x = &s.vx, .validation_y = &s.vy,
                                             .validation_weight = &weight),
                                 NULL));
        assert_close_double(last_of(s.trainer, "val_loss"), loss, 1e-6, 1e-8);
        assert_true(fabs(last_of(s.trainer, "loss") - loss) > 1e-3);

        must(seqecho_trainer_predict(s.trainer, &s.vx, p, Y));
        for (size_t i = Y / 2; i < Y; i++)
            split += weight_of(steps != 0, i / WIDTH) * pow((double)(p[i] - s.y[i]), 2.0) /
                     (Y / 2.0);
        must(seqecho_trainer_fit(
            s.trainer, &s.vx, &s.vy,
            SEQECHO_FIT(.validation_split = 0.5, .sample_weight = &weight), NULL));
        assert_close_double(last_of(s.trainer, "val_loss"), split, 1e-6, 1e-8);
        end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step),
        cmocka_unit_test(weights_stay_with_samples),
        cmocka_unit_test(validation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
