/* test_objective.c - options of losses and metrics, targets and weights that do not fit,
 * losses of several outputs, and averages over batches.
 * SPDX-License-Identifier: MIT */
#include "output.h"
#include "refuse.h"
#include "train/trainer.h"

/* ---- Options ------------------------------------------------------------------------ */

/* Two inputs, each the output of an activation of its own. */
static seqecho_graph *two_outputs(seqecho_activation f)
{
    seqecho_graph *graph;

    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    for (int i = 0; i < 2; i++) {
        seqecho_node *const in = seqecho_graph_input(graph, SEQECHO_INPUT(.dim = { 2, 3 }));
        const seqecho_activation_spec spec = { .head = { sizeof spec,
                                                         SEQECHO_KIND_ACTIVATION, 0 },
                                               .name = i == 0 ? "a" : "b",
                                               .activation = f };

        assert_int_equal(
            seqecho_graph_output(
                graph, seqecho_layer_call(seqecho_layer_create(graph, &spec.head), in)),
            0);
    }
    return graph;
}

static void refused_options(void **state)
{
    static const seqecho_loss losses[2] = { SEQECHO_HUBER, (seqecho_loss)9 };
    static const float nan_weight[2] = { 1.0F, NAN }, inf_weight[2] = { -INFINITY, 1.0F };
    static const struct {
        seqecho_trainer_options o;
        int code;
        const char *text;
    } cases[] = {
        { { .loss = (seqecho_loss)7 },
          SEQECHO_EINVAL,
          "trainer: loss is 7, expected a seqecho_loss" },
        { { .losses = losses },
          SEQECHO_EINVAL,
          "trainer: losses[1] is 9, expected a seqecho_loss" },
        { { .loss_weights = nan_weight },
          SEQECHO_EINVAL,
          "trainer: loss_weights[1] is nan, expected a finite number" },
        { { .loss_weights = inf_weight },
          SEQECHO_EINVAL,
          "trainer: loss_weights[0] is -inf, expected a finite number" },
        { { .label_smoothing = -0.5F },
          SEQECHO_EINVAL,
          "trainer: label_smoothing is -0.5, expected 0 to 1" },
        { { .label_smoothing = 1.5F },
          SEQECHO_EINVAL,
          "trainer: label_smoothing is 1.5, expected 0 to 1" },
        { { .label_smoothing = NAN },
          SEQECHO_EINVAL,
          "trainer: label_smoothing is nan, expected 0 to 1" },
        { { .huber_delta = -1.0F },
          SEQECHO_EINVAL,
          "trainer: huber_delta is -1, expected 0 (1) or a positive number" },
        { { .huber_delta = INFINITY },
          SEQECHO_EINVAL,
          "trainer: huber_delta is inf, expected 0 (1) or a positive number" },
        { { .huber_delta = NAN },
          SEQECHO_EINVAL,
          "trainer: huber_delta is nan, expected 0 (1) or a positive number" },
        { { .top_k = -1 }, SEQECHO_EINVAL, "trainer: top_k is -1, expected 0 (5) or more" },
        { { .metrics = 0x18 },
          SEQECHO_ENOTSUP,
          "trainer: metrics 0x10 are unknown to this library" },
        { { .from_logits = true, .clipped_crossentropy = true },
          SEQECHO_EINVAL,
          "trainer: clipped_crossentropy is for probabilities, but from_logits says that "
          "the outputs are logits" },
    };
    seqecho_graph *const graph = two_outputs(SEQECHO_LINEAR);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        seqecho_trainer_options o = cases[i].o;
        seqecho_trainer *t = (void *)graph;

        o.struct_size = sizeof o;
        assert_refused(seqecho_trainer_create(&t, graph, &o), cases[i].code, cases[i].text);
        assert_null(t);
    }
    seqecho_graph_destroy(graph);
}

/* Both ends of every range. */
static void accepted_options(void **state)
{
    static const float weights[2] = { -1.0F, 0.0F };
    static const seqecho_trainer_options cases[] = {
        { .label_smoothing = 1.0F }, { .huber_delta = 1e-30F },   { .top_k = INT32_MAX },
        { .metrics = 15 },           { .loss_weights = weights }, { .from_logits = true },
    };
    seqecho_graph *const graph = two_outputs(SEQECHO_LINEAR);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        seqecho_trainer_options o = cases[i];
        seqecho_trainer *t;

        o.struct_size = sizeof o;
        assert_int_equal(seqecho_trainer_create(&t, graph, &o), 0);
        seqecho_trainer_destroy(t);
    }
    seqecho_graph_destroy(graph);
}

static void defaults(void **state)
{
    const seqecho_trainer_options options = { .struct_size = sizeof options,
                                              .loss = SEQECHO_HUBER };
    static output o;

    (void)state;
    output_open(&o, 1, (const int64_t[]){ 2, 0, 0 }, SEQECHO_LINEAR, &options);
    assert_close_double((double)o.objective.output[0].delta, 1.0, 0, 0);
    assert_close_double((double)o.objective.weight[0], 1.0, 0, 0);
    assert_int_equal(o.objective.metrics.top_k, 5);
    assert_null(o.objective.room);
    output_close(&o);
}

/* ---- Targets and weights ------------------------------------------------------------ */

typedef struct setup {
    seqecho_graph *graph;
    seqecho_trainer *t;
    float x[3 * 2 * 3], y[3 * 2 * 3];
    seqecho_view views[2], targets[2], weights[2];
} setup;

static void begin(setup *s, const seqecho_trainer_options *options)
{
    uint64_t state = 11;

    memset(s, 0, sizeof *s);
    s->graph = two_outputs(SEQECHO_SOFTMAX);
    assert_int_equal(seqecho_trainer_create(&s->t, s->graph, options), 0);
    for (size_t i = 0; i < 18; i++) {
        s->x[i] = output_random(&state, -1, 1);
        s->y[i] = output_random(&state, 0, 1);
    }
    for (size_t i = 0; i < 2; i++) {
        s->views[i] = (seqecho_view){ s->x, { 3, 2, 3 }, 3, SEQECHO_FLOAT32 };
        s->targets[i] = (seqecho_view){ s->y, { 3, 2, 3 }, 3, SEQECHO_FLOAT32 };
    }
}

static void end(setup *s)
{
    seqecho_trainer_destroy(s->t);
    seqecho_graph_destroy(s->graph);
}

static int check(const setup *s)
{
    const se_samples samples = { s->views, s->targets, s->weights };
    int64_t count;

    return se_trainer_check(s->t, &samples, &count);
}

static void refused_weights(void **state)
{
    static float w[12];
    static const struct {
        seqecho_view view;
        int code;
        const char *text;
    } cases[] = {
        { { w, { 3 }, 1, SEQECHO_INT32 },
          SEQECHO_EINVAL,
          "b: sample_weight has dtype 1, expected float32" },
        { { w, { 4 }, 1, SEQECHO_FLOAT32 },
          SEQECHO_ESHAPE,
          "b: expected sample_weight of shape (3) or (3, 2), found (4)" },
        { { w, { 3, 3 }, 2, SEQECHO_FLOAT32 },
          SEQECHO_ESHAPE,
          "b: expected sample_weight of shape (3) or (3, 2), found (3, 3)" },
        { { w, { 2, 2 }, 2, SEQECHO_FLOAT32 },
          SEQECHO_ESHAPE,
          "b: expected sample_weight of shape (3) or (3, 2), found (2, 2)" },
        { { w, { 3, 2, 1 }, 3, SEQECHO_FLOAT32 },
          SEQECHO_ESHAPE,
          "b: expected sample_weight of shape (3) or (3, 2), found (3, 2, 1)" },
        { { w, { 3 }, 0, SEQECHO_FLOAT32 },
          SEQECHO_ESHAPE,
          "b: expected sample_weight of shape (3) or (3, 2), found ()" },
        { { w, { 3 }, -1, SEQECHO_FLOAT32 },
          SEQECHO_ESHAPE,
          "b: expected sample_weight of shape (3) or (3, 2), found ()" },
    };
    setup s;

    (void)state;
    begin(&s, SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR));
    assert_int_equal(check(&s), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        s.weights[1] = cases[i].view;
        assert_refused(check(&s), cases[i].code, cases[i].text);
    }
    s.weights[1] = (seqecho_view){ w, { 3, 2 }, 2, SEQECHO_FLOAT32 };
    w[5] = INFINITY;
    assert_refused(check(&s), SEQECHO_EINVAL,
                   "b: sample_weight is inf at sample 2, step 1, expected a finite number");
    w[2] = NAN;
    s.weights[1] = (seqecho_view){ w, { 3 }, 1, SEQECHO_FLOAT32 };
    assert_refused(check(&s), SEQECHO_EINVAL,
                   "b: sample_weight is nan at sample 2, step 0, expected a finite number");
    w[2] = -1.0F;
    assert_int_equal(check(&s), 0);
    end(&s);
}

/* An output without a time axis has no steps to weigh. */
static void weights_without_steps(void **state)
{
    static const float w[4];
    const seqecho_trainer_options options = { .struct_size = sizeof options,
                                              .loss = SEQECHO_MEAN_SQUARED_ERROR };
    static output o;
    const seqecho_view by_step = { w, { 2, 2 }, 2, SEQECHO_FLOAT32 };
    const seqecho_view by_sample = { w, { 2 }, 1, SEQECHO_FLOAT32 };
    seqecho_view y;

    (void)state;
    output_open(&o, 2, (const int64_t[]){ 2, 0, 0 }, SEQECHO_LINEAR, &options);
    y = output_view(&o, w, false);
    assert_refused(se_objective_check_targets(&o.objective, o.session, 0, &y, &by_step, 2),
                   SEQECHO_ESHAPE,
                   "activation: expected sample_weight of shape (2), found (2, 2)");
    assert_int_equal(
        se_objective_check_targets(&o.objective, o.session, 0, &y, &by_sample, 2), 0);
    output_close(&o);
}

/* Each output's targets are those of its own loss. */
static void refused_targets(void **state)
{
    static const seqecho_loss losses[2] = { SEQECHO_SPARSE_CATEGORICAL_CROSSENTROPY,
                                            SEQECHO_HUBER };
    static const seqecho_loss none[2] = { SEQECHO_LOSS_NONE, SEQECHO_LOSS_NONE };
    static const int32_t classes[6] = { 0, 2, 1, 1, 2, 0 };
    const seqecho_view numbers = { classes, { 3, 2 }, 2, SEQECHO_INT32 };
    setup s;

    (void)state;
    begin(&s, SEQECHO_TRAINER(.losses = losses));
    assert_refused(
        check(&s), SEQECHO_EINVAL,
        "a: sparse categorical cross-entropy takes int32 targets, found dtype 0");
    s.targets[0] = numbers;
    assert_int_equal(check(&s), 0);
    s.targets[1] = numbers;
    assert_refused(check(&s), SEQECHO_EINVAL, "b: y has dtype 1, expected float32");
    s.targets[1] = (seqecho_view){ s.y, { 2, 2, 3 }, 3, SEQECHO_FLOAT32 };
    assert_refused(check(&s), SEQECHO_ESHAPE, "b: y has 2 samples, x has 3");
    end(&s);

    begin(&s, SEQECHO_TRAINER(.loss = SEQECHO_HUBER, .losses = none));
    assert_refused(check(&s), SEQECHO_ESTATE,
                   "trainer: it was created without a loss; set .loss, or go by forward() "
                   "and backward()");
    end(&s);
}

/* ---- Several outputs ---------------------------------------------------------------- */

/* The sum of two losses, one from logits and one from probabilities of a softmax, is what
 * two trainers say, each with one output to look at. */
static void weighted_sum(void **state)
{
    static const seqecho_loss losses[2][2] = {
        { SEQECHO_CATEGORICAL_CROSSENTROPY, SEQECHO_MEAN_SQUARED_ERROR },
        { SEQECHO_BINARY_CROSSENTROPY, SEQECHO_CATEGORICAL_CROSSENTROPY },
    };
    static const float weights[2] = { 0.5F, 2.0F };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        float dx[36], want[36], one[36];
        seqecho_report report = SEQECHO_REPORT_INIT;
        double sum = 0.0;
        setup s;

        begin(&s, SEQECHO_TRAINER(.losses = losses[i], .loss_weights = weights));
        assert_int_equal(
            seqecho_trainer_compute_gradients(s.t, s.views, s.targets, dx, 36, &report), 0);
        end(&s);
        for (size_t k = 0; k < 2; k++) {
            seqecho_loss only[2] = { SEQECHO_LOSS_NONE, SEQECHO_LOSS_NONE };
            seqecho_report part = SEQECHO_REPORT_INIT;

            only[k] = losses[i][k];
            begin(&s, SEQECHO_TRAINER(.losses = only));
            s.targets[1 - k].data = NULL;
            assert_int_equal(
                seqecho_trainer_compute_gradients(s.t, s.views, s.targets, one, 36, &part),
                0);
            for (size_t j = 0; j < 18; j++) {
                assert_true(one[(1 - k) * 18 + j] == 0.0F);
                want[k * 18 + j] = weights[k] * one[k * 18 + j];
            }
            sum += (double)weights[k] * part.loss;
            end(&s);
        }
        assert_close_double(report.loss, sum, 1e-14, 0);
        assert_close(dx, want, 36, 1e-6, 1e-9);
    }
}

/* The library's own copies are used. */
static void arrays_are_copied(void **state)
{
    seqecho_loss losses[2] = { SEQECHO_MEAN_SQUARED_ERROR, SEQECHO_MEAN_ABSOLUTE_ERROR };
    float weights[2] = { 1.0F, 3.0F };
    seqecho_report before = SEQECHO_REPORT_INIT, after = SEQECHO_REPORT_INIT;
    setup s;

    (void)state;
    begin(&s, SEQECHO_TRAINER(.losses = losses, .loss_weights = weights));
    assert_int_equal(seqecho_trainer_evaluate(s.t, s.views, s.targets, NULL, &before), 0);
    losses[0] = (seqecho_loss)77;
    weights[1] = NAN;
    assert_int_equal(seqecho_trainer_evaluate(s.t, s.views, s.targets, NULL, &after), 0);
    assert_memory_equal(&before.loss, &after.loss, sizeof before.loss);
    end(&s);
}

/* ---- Over batches ------------------------------------------------------------------- */

/* Batches of 2 and 1: each batch's mean loss counts as often as it has samples, with the
 * weights of its own samples. */
static void average_over_batches(void **state)
{
    static const float w[2][3] = { { 1.0F, 3.0F, 0.5F }, { 0.0F, 0.0F, -2.0F } };
    setup s;

    (void)state;
    begin(&s, SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR, .metrics = 15));
    for (int by_step = 0; by_step < 2; by_step++) {
        const se_samples samples = { s.views, s.targets, s.weights };
        static const float steps[6] = { 1.0F, 2.0F, 0.0F, 4.0F, 5.0F, -1.0F };
        se_score score = { .samples = 0 }, plain = { .samples = 0 };
        double want = 0.0;
        seqecho_report report, unweighted;

        for (size_t i = 0; i < 2; i++)
            s.weights[i] = by_step ? (seqecho_view){ steps, { 3, 2 }, 2, SEQECHO_FLOAT32 }
                                   : (seqecho_view){ w[i], { 3 }, 1, SEQECHO_FLOAT32 };
        assert_int_equal(check(&s), 0);
        assert_int_equal(se_trainer_pass(s.t, &samples, 0, 2, true, false, &score), 0);
        assert_int_equal(se_trainer_pass(s.t, &samples, 2, 1, true, false, &score), 0);
        assert_int_equal(se_trainer_pass(s.t, &(se_samples){ s.views, s.targets, NULL }, 0,
                                         3, true, false, &plain),
                         0);
        for (size_t row = 0; row < 6; row++) {
            double exps = 0.0, error = 0.0;

            for (size_t j = 0; j < 3; j++)
                exps += exp((double)s.x[row * 3 + j]);
            for (size_t j = 0; j < 3; j++)
                error +=
                    pow(exp((double)s.x[row * 3 + j]) / exps - (double)s.y[row * 3 + j],
                        2.0) /
                    3.0;
            want += error * (by_step ? 2.0 * (double)steps[row]
                                     : (double)(w[0][row / 2] + w[1][row / 2]));
        }
        report = se_report_make(s.t, &score, 2, 0.0);
        unweighted = se_report_make(s.t, &plain, 1, 0.0);
        assert_int_equal(report.samples, 3);
        /* Either batch's steps divide it, and its samples multiply it: 2 / 4 and 1 / 2. */
        assert_close_double(report.loss, want / 2.0 / 3.0, 1e-6, 0);
        assert_close_double(report.mse, unweighted.mse, 1e-12, 0);
        assert_close_double(report.mae, unweighted.mae, 1e-12, 0);
        assert_close_double(report.accuracy, unweighted.accuracy, 1e-12, 0);
        assert_close_double(report.top_k, 1.0, 0, 0);
        assert_close_double(unweighted.mse, unweighted.loss / 2.0, 1e-6, 0);
    }
    end(&s);
}

/* A report as programs of an earlier interface give it ends before the newer figures. */
static void shorter_reports(void **state)
{
    seqecho_report report;
    setup s;

    (void)state;
    begin(&s, SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR, .metrics = 15));
    memset(&report, 0x55, sizeof report);
    report.struct_size = offsetof(seqecho_report, top_k);
    assert_int_equal(seqecho_trainer_evaluate(s.t, s.views, s.targets, NULL, &report), 0);
    assert_true(isfinite(report.loss) && isfinite(report.accuracy));
    for (size_t i = offsetof(seqecho_report, top_k); i < sizeof report; i++)
        assert_int_equal(((const unsigned char *)&report)[i], 0x55);
    report.struct_size = sizeof report;
    assert_int_equal(seqecho_trainer_evaluate(s.t, s.views, s.targets, NULL, &report), 0);
    assert_true(isfinite(report.top_k) && isfinite(report.mse) && isfinite(report.mae));
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_options),
        cmocka_unit_test(accepted_options),
        cmocka_unit_test(defaults),
        cmocka_unit_test(refused_weights),
        cmocka_unit_test(weights_without_steps),
        cmocka_unit_test(refused_targets),
        cmocka_unit_test(weighted_sum),
        cmocka_unit_test(arrays_are_copied),
        cmocka_unit_test(average_over_batches),
        cmocka_unit_test(shorter_reports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
