/* test_metrics.c - what each metric says of single steps, and means over outputs, masks and
 * batches.
 * SPDX-License-Identifier: MIT */
#include "output.h"

#define ALL \
    (SEQECHO_METRIC_ACCURACY | SEQECHO_METRIC_TOP_K | SEQECHO_METRIC_MSE | \
     SEQECHO_METRIC_MAE)

/* Metric number `m` of one row p with target y, by se_metrics_add(). */
static double of_row(int m, seqecho_loss loss, bool logits, int32_t top_k, int64_t cols,
                     const float *p, const float *y)
{
    const se_metrics metrics = { (uint32_t)1 << m, top_k };
    const se_criterion criterion = { .loss = loss, .logits = logits };
    const se_rows rows = { .k = se_kernels_get(), .rows = 1, .cols = cols, .p = p, .y = y };
    double sum[SE_METRICS] = { 0.0 };

    se_metrics_add(&metrics, &criterion, &rows, NULL, NULL, sum);
    for (int i = 0; i < SE_METRICS; i++)
        assert_true(i == m || sum[i] == 0.0);
    return sum[m];
}

/* ---- One step ----------------------------------------------------------------------- */

static void accuracy(void **state)
{
    static const float p[4] = { 0.2F, 0.6F, 0.6F, 0.1F };
    static const float first[4] = { 0, 1, 0, 0 }, second[4] = { 0, 0, 1, 0 };
    static const float yes_no[4] = { 0, 1, 1, 1 };
    const seqecho_loss cce = SEQECHO_CATEGORICAL_CROSSENTROPY;
    const seqecho_loss bce = SEQECHO_BINARY_CROSSENTROPY;
    const seqecho_loss mse = SEQECHO_MEAN_SQUARED_ERROR;

    (void)state;
    /* Classes: of equals the first. */
    assert_true(of_row(SE_METRIC_ACCURACY, cce, false, 5, 4, p, first) == 1.0);
    assert_true(of_row(SE_METRIC_ACCURACY, cce, true, 5, 4, p, second) == 0.0);
    assert_true(of_row(SE_METRIC_ACCURACY, mse, false, 5, 4, p, first) == 1.0);
    /* Yes or no, from probabilities and from logits. */
    assert_true(of_row(SE_METRIC_ACCURACY, bce, false, 5, 4, p, yes_no) == 0.75);
    assert_true(of_row(SE_METRIC_ACCURACY, bce, true, 5, 4, p, yes_no) == 0.75);
    assert_true(of_row(SE_METRIC_ACCURACY, bce, false, 5, 4, p, second) == 0.75);
    assert_true(of_row(SE_METRIC_ACCURACY, bce, true, 5, 4, p, second) == 0.25);
    /* One feature is yes or no, too, and 0 of it, or 0.5, is no. */
    assert_true(of_row(SE_METRIC_ACCURACY, mse, false, 5, 1, p, first) == 1.0);
    assert_true(of_row(SE_METRIC_ACCURACY, mse, false, 5, 1, p + 1, first) == 0.0);
    assert_true(of_row(SE_METRIC_ACCURACY, bce, false, 5, 1, (float[]){ 0.5F }, first) ==
                1.0);
    assert_true(of_row(SE_METRIC_ACCURACY, bce, true, 5, 1, (float[]){ 0.0F }, first) ==
                1.0);
    assert_true(of_row(SE_METRIC_ACCURACY, bce, true, 5, 1, (float[]){ 0.1F }, first) ==
                0.0);
}

/* As TensorFlow's in_top_k: with equals at the border all of them are in. */
static void top_k(void **state)
{
    static const float p[6] = { 0.1F, 0.3F, 0.3F, 0.2F, 0.3F, -1.0F };
    static const int32_t first_k[6] = { 5, 1, 1, 4, 1, 6 }; /* smallest k that counts */
    const float bad[3] = { NAN, 1.0F, 0.0F };

    (void)state;
    for (size_t right = 0; right < 6; right++)
        for (int32_t k = 1; k < 9; k++) {
            float y[6] = { 0 };

            y[right] = 1.0F;
            assert_true(of_row(SE_METRIC_TOP_K, SEQECHO_CATEGORICAL_CROSSENTROPY, false, k,
                               6, p, y) == (k >= first_k[right] ? 1.0 : 0.0));
        }
    assert_true(of_row(SE_METRIC_TOP_K, SEQECHO_CATEGORICAL_CROSSENTROPY, false, 3, 3, bad,
                       (float[]){ 1, 0, 0 }) == 0.0);
    assert_true(of_row(SE_METRIC_TOP_K, SEQECHO_CATEGORICAL_CROSSENTROPY, false, 1, 3, bad,
                       (float[]){ 0, 1, 0 }) == 1.0);
}

static void errors(void **state)
{
    static const float p[4] = { 1.0F, -2.0F, 0.5F, 4.0F },
                       y[4] = { 0.0F, 1.0F, 0.5F, 1.0F };

    (void)state;
    assert_close_double(of_row(SE_METRIC_MSE, SEQECHO_HUBER, false, 5, 4, p, y), 19.0 / 4.0,
                        1e-15, 0);
    assert_close_double(of_row(SE_METRIC_MAE, SEQECHO_HUBER, false, 5, 4, p, y), 7.0 / 4.0,
                        1e-15, 0);
}

/* ---- Batches against a plain computation -------------------------------------------- */

/* Of row p with its target at class `right`. */
static void plain(const double *p, int64_t cols, int32_t right, int32_t k,
                  double sum[SE_METRICS])
{
    int larger = 0, before = 0;
    double squares = 0.0, sizes = 0.0;

    for (int64_t j = 0; j < cols; j++) {
        const double e = p[j] - (j == right ? 1.0 : 0.0);

        larger += p[j] > p[right];
        before += j < right && p[j] == p[right];
        squares += e * e;
        sizes += fabs(e);
    }
    sum[SE_METRIC_ACCURACY] += larger == 0 && before == 0 ? 1.0 : 0.0;
    sum[SE_METRIC_TOP_K] += larger < k ? 1.0 : 0.0;
    sum[SE_METRIC_MSE] += squares / (double)cols;
    sum[SE_METRIC_MAE] += sizes / (double)cols;
}

/* How the values of an output and its targets are given. */
typedef struct way {
    seqecho_activation f;
    bool from_logits, classes, weighted;
    float smoothing;
} way;

/* The metrics of probabilities where there is a softmax, of the output as it is elsewhere,
 * over two batches with different masks; weights do not count. */
static void check(way w)
{
    static output o;
    static float y_data[OUTPUT_MAX], zeros[OUTPUT_MAX];
    static int32_t label[OUTPUT_MAX];
    const seqecho_trainer_options options = {
        .struct_size = sizeof options,
        .loss = SEQECHO_CATEGORICAL_CROSSENTROPY,
        .metrics = ALL,
        .top_k = 3,
        .from_logits = w.from_logits,
        .label_smoothing = w.smoothing,
    };
    const seqecho_view weight = { zeros, { 70, 2 }, 2, SEQECHO_FLOAT32 };
    se_score score = { .samples = 0 };
    double sum[SE_METRICS] = { 0.0 }, p[7], count = 0.0;
    uint64_t state = 5;
    seqecho_view y;

    output_open(&o, 70, (const int64_t[]){ 2, 3, 7 }, w.f, &options);
    o.masked = true;
    for (int64_t i = 0; i < 140; i++)
        zeros[i] = w.weighted && i % 3 == 0 ? 0.0F : 1.0F;
    y = output_view(&o, w.classes ? (const void *)label : y_data, w.classes);
    for (int batch = 0; batch < 2; batch++) {
        memset(y_data, 0, sizeof y_data);
        for (int64_t i = 0; i < 140; i++)
            o.mask[i] = i % (batch == 0 ? 5 : 2) == 1;
        for (int64_t r = 0; r < 420; r++) {
            double exps = 0.0;

            label[r] = (int32_t)(output_random(&state, 0, 7));
            y_data[r * 7 + label[r]] = 1.0F;
            for (int64_t j = 0; j < 7; j++) { /* with many equals */
                o.x[r * 7 + j] = 0.25F * (float)(int)output_random(&state, 1, 8);
                exps += exp((double)o.x[r * 7 + j]);
            }
            for (int64_t j = 0; j < 7; j++)
                p[j] = w.f == SEQECHO_SOFTMAX ? exp((double)o.x[r * 7 + j]) / exps
                                              : (double)o.x[r * 7 + j];
            if (o.mask[r % 6 / 3 * 70 + r / 6] == 0)
                continue;
            count += 1.0;
            plain(p, 7, label[r], 3, sum);
        }
        output_run(&o, &y, &weight, &score);
    }
    assert_close_double(score.measured, count / 6.0, 1e-15, 0);
    for (int m = 0; m < SE_METRICS; m++)
        assert_close_double(se_score_metric(&score, &o.objective.metrics, m),
                            sum[m] / count, m < SE_METRIC_MSE ? 1e-14 : 1e-6, 0);
    output_close(&o);
}

static void batches(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        const bool classes = i & 1, weighted = i & 2;
        const float smoothing = i & 4 ? 0.1F : 0.0F;

        check((way){ SEQECHO_LINEAR, false, classes, weighted, smoothing });
        check((way){ SEQECHO_LINEAR, true, classes, weighted, smoothing });
        check((way){ SEQECHO_SOFTMAX, false, classes, weighted, smoothing });
        check((way){ SEQECHO_SOFTMAX, true, classes, weighted, smoothing });
    }
}

static void only_what_was_asked_for(void **state)
{
    const se_score score = { .samples = 2, .measured = 2.0, .metric = { 1, 1, 1, 1 } };
    const se_score none = { .samples = 0 };

    (void)state;
    for (uint32_t which = 0; which < 16; which++) {
        const se_metrics metrics = { which, 5 };

        for (int m = 0; m < SE_METRICS; m++) {
            const double got = se_score_metric(&score, &metrics, m);

            assert_true(which >> m & 1 ? got == 0.5 : isnan(got) != 0);
            assert_true(isnan(se_score_metric(&none, &metrics, m)) != 0);
        }
    }
}

/* ---- Several outputs, through the public interface ---------------------------------- */

/* Two inputs are two outputs, of 1 and of 3 steps; they count alike. */
static void several_outputs(void **state)
{
    static const float a[2 * 2] = { 1, 0, 0, 1 }, a_y[2 * 2] = { 1, 0, 1, 0 };
    static const float b[2 * 3 * 2] = { 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 1 };
    static const float b_y[2 * 3 * 2] = { 1, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1 };
    const seqecho_view x[2] = { { a, { 2, 2 }, 2, SEQECHO_FLOAT32 },
                                { b, { 2, 3, 2 }, 3, SEQECHO_FLOAT32 } };
    seqecho_view y[2] = { { a_y, { 2, 2 }, 2, SEQECHO_FLOAT32 },
                          { b_y, { 2, 3, 2 }, 3, SEQECHO_FLOAT32 } };
    const seqecho_loss second_only[2] = { SEQECHO_LOSS_NONE, SEQECHO_MEAN_SQUARED_ERROR };
    seqecho_graph *graph;
    seqecho_report report = SEQECHO_REPORT_INIT;

    (void)state;
    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    for (int i = 0; i < 2; i++) {
        seqecho_node *const in = seqecho_graph_input(
            graph, i == 0 ? SEQECHO_INPUT(.dim = { 2 }) : SEQECHO_INPUT(.dim = { 3, 2 }));
        seqecho_layer *const layer =
            seqecho_layer_create(graph, SEQECHO_ACTIVATION(SEQECHO_LINEAR));

        assert_int_equal(seqecho_graph_output(graph, seqecho_layer_call(layer, in)), 0);
    }
    for (int none = 0; none < 2; none++) {
        seqecho_trainer *t;

        if (none) /* what has no loss is not looked at */
            y[0] = (seqecho_view){ .data = NULL };
        assert_int_equal(
            seqecho_trainer_create(&t, graph,
                                   SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR,
                                                   .losses = none ? second_only : NULL,
                                                   .metrics = ALL, .top_k = 1)),
            0);
        assert_int_equal(seqecho_trainer_evaluate(t, x, y, NULL, &report), 0);
        /* Right are 1 of 2 steps and 3 of 6. */
        assert_close_double(report.accuracy, 0.5, 1e-15, 0);
        assert_close_double(report.top_k, 0.5, 1e-15, 0);
        assert_close_double(report.mse, 0.5, 1e-15, 0);
        assert_close_double(report.mae, 0.5, 1e-15, 0);
        assert_close_double(report.loss, none ? 0.5 : 1.0, 1e-15, 0);
        seqecho_trainer_destroy(t);
    }
    seqecho_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accuracy),
        cmocka_unit_test(top_k),
        cmocka_unit_test(errors),
        cmocka_unit_test(batches),
        cmocka_unit_test(only_what_was_asked_for),
        cmocka_unit_test(several_outputs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
