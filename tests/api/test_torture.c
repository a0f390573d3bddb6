/* test_torture.c - trainers and predictors given NULL, nothing, too much, in the wrong
 * order: refused with a reason, and nothing has changed.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "close.h"
#include "models.h"
#include "torture.h"

enum { SAMPLES = 14, STEPS = 5, CLASSES = 6, N = SAMPLES * STEPS * CLASSES };

static const models_size size = { .batch = 7, .classes = CLASSES, .units = 3 };
static const int64_t two_31 = (int64_t)1 << 31, two_62 = (int64_t)1 << 62;

/* A hook that has no more than this for anybody. */
static void *limited_alloc(void *user, size_t bytes, size_t alignment)
{
    (void)user;
    return bytes > (size_t)1 << 26 ? NULL : aligned_alloc(alignment, bytes);
}

static void limited_release(void *user, void *ptr)
{
    (void)user;
    free(ptr);
}

static const seqecho_allocator limited = { sizeof limited, limited_alloc, limited_release,
                                           NULL };

/* What is tortured, and a twin that is not. */
typedef struct setup {
    seqecho_graph *graph;
    seqecho_trainer *trainer;
    seqecho_predictor *predictor;
    seqecho_dataset *data;
    seqecho_view x, y;
} setup;

static void set_up(setup *s)
{
    s->graph = models_whole(size);
    s->data = models_data(size, 0, SEQECHO_ENCODE_ONE_HOT);
    s->x = *seqecho_dataset_x(s->data);
    s->y = *seqecho_dataset_y(s->data);
    s->x.dim[0] = s->y.dim[0] = SAMPLES;
    assert_int_equal(
        seqecho_trainer_create(&s->trainer, s->graph,
                               SEQECHO_TRAINER(.loss = SEQECHO_CATEGORICAL_CROSSENTROPY,
                                               .threads = 1, .allocator = &limited)),
        0);
    assert_int_equal(seqecho_predictor_create(&s->predictor, s->graph,
                                              SEQECHO_PREDICTOR(.allocator = &limited)),
                     0);
}

static void tear_down(setup *s)
{
    seqecho_predictor_destroy(s->predictor);
    seqecho_trainer_destroy(s->trainer);
    seqecho_graph_destroy(s->graph);
    seqecho_dataset_destroy(s->data);
}

static void train(setup *s)
{
    if (seqecho_trainer_fit(s->trainer, &s->x, &s->y, NULL, NULL) < 0)
        fail_msg("%s", seqecho_error_message());
}

/* Torture one of two, before any training and between; then they must still be alike. */
static void torture(void (*what)(setup *s))
{
    setup a, b;
    static float out_a[N], out_b[N];

    set_up(&a);
    set_up(&b);
    for (int i = 0; i < 2; i++) {
        what(&a);
        train(&a);
        train(&b);
        assert_int_equal(seqecho_predictor_run(a.predictor, &a.x, out_a, N), 0);
        assert_int_equal(seqecho_predictor_run(b.predictor, &b.x, out_b, N), 0);
        assert_same_bits(out_a, out_b, N);
    }
    what(&a);
    models_assert_same(a.graph, b.graph);
    assert_int_equal(seqecho_trainer_predict(a.trainer, &a.x, out_a, N), 0);
    assert_int_equal(seqecho_trainer_predict(b.trainer, &b.x, out_b, N), 0);
    assert_same_bits(out_a, out_b, N);
    assert_int_equal(seqecho_dataset_position(a.data), seqecho_dataset_position(b.data));
    tear_down(&a);
    tear_down(&b);
}

/* ---- Views that do not fit ---------------------------------------------------------- */

typedef struct bad_view {
    seqecho_view view;
    int code;
    const char *part;
} bad_view;

#define BAD_VIEWS 14
static void make_bad_views(const seqecho_view *good, bad_view bad[BAD_VIEWS])
{
    static const int32_t classes[SAMPLES * STEPS] = { [3] = 5, [SAMPLES * STEPS - 1] = 6 };
    static const int32_t negative[SAMPLES * STEPS] = { [SAMPLES * STEPS - 1] = -1 };
    const char *const found = "of shape (any, 5, 6)";

    for (size_t i = 0; i < BAD_VIEWS; i++)
        bad[i] = (bad_view){ *good, SEQECHO_ESHAPE, found };
    bad[0].view.rank = 2;
    bad[1].view.rank = 4;
    bad[2].view.rank = 0;
    bad[3].view.rank = INT32_MIN;
    bad[4].view.rank = INT32_MAX;
    bad[5].view.dim[1] = 4;
    bad[6].view.dim[2] = two_31;
    bad[7].view.dim[2] = -6;
    bad[8].view.dim[0] = 0;
    bad[8].part = "0 samples, expected 1 or more";
    bad[9].view.dim[0] = -two_62;
    bad[9].part = "-4611686018427387904 samples, expected 1 or more";
    bad[10].view.dim[0] = two_62;
    bad[10].part = "(4611686018427387904, 5, 6) does not fit the address space";
    bad[11].view.data = NULL;
    bad[11].code = SEQECHO_EINVAL;
    bad[11].part = "is NULL";
    bad[12].view = (seqecho_view){ classes, { SAMPLES, STEPS }, 2, SEQECHO_INT32 };
    bad[12].code = SEQECHO_EINVAL;
    bad[12].part = "at sample 13, step 4, expected 0 to 5";
    bad[13].view = (seqecho_view){ negative, { SAMPLES, STEPS }, 2, SEQECHO_INT32 };
    bad[13].code = SEQECHO_EINVAL;
    bad[13].part = "class -1 in ";
}

/* Also in the last batch of many: it is known before the first. */
static void views(setup *s)
{
    static float out[N];
    bad_view bad[BAD_VIEWS];
    seqecho_view dtype = s->x;

    make_bad_views(&s->x, bad);
    for (size_t i = 0; i < BAD_VIEWS; i++) {
        const seqecho_view *const v = &bad[i].view;
        const int code = bad[i].code;
        const char *const part = bad[i].part;

        TORTURE(seqecho_trainer_fit(s->trainer, v, &s->y, NULL, NULL), code, part);
        assert_non_null(strstr(seqecho_error_message(), "input_layer: "));
        TORTURE(seqecho_trainer_train_on_batch(s->trainer, v, &s->y, NULL), code, part);
        TORTURE(seqecho_trainer_evaluate(s->trainer, v, &s->y, NULL, NULL), code, part);
        TORTURE(seqecho_trainer_compute_gradients(s->trainer, v, &s->y, NULL, 0, NULL),
                code, part);
        TORTURE(seqecho_trainer_predict(s->trainer, v, out, N), code, part);
        TORTURE(seqecho_trainer_forward(s->trainer, v, out, N), code, part);
        TORTURE(seqecho_predictor_run(s->predictor, v, out, N), code, part);

        TORTURE(seqecho_trainer_fit(s->trainer, &s->x, v, NULL, NULL), code, part);
        assert_non_null(strstr(seqecho_error_message(), "time_distributed: "));
        TORTURE(seqecho_trainer_evaluate(s->trainer, &s->x, v, NULL, NULL), code, part);
    }
    dtype.dtype = 7;
    TORTURE(seqecho_trainer_fit(s->trainer, &dtype, &s->y, NULL, NULL), SEQECHO_EINVAL,
            "input_layer: x has dtype 7, expected float32 or int32 class numbers");
    dtype = s->y;
    dtype.dim[0] = 7;
    TORTURE(seqecho_trainer_fit(s->trainer, &s->x, &dtype, NULL, NULL), SEQECHO_ESHAPE,
            "time_distributed: y has 7 samples, x has 14");
}

static void bad_views(void **state)
{
    (void)state;
    torture(views);
}

/* ---- NULL, and numbers out of range ------------------------------------------------- */

static void trainer_arguments(setup *s)
{
    static float out[N];
    const seqecho_view *const x = &s->x, *const y = &s->y;
    seqecho_trainer *const t = s->trainer;
    double value = 0.0;

    TORTURE(seqecho_trainer_fit(NULL, x, y, NULL, NULL), SEQECHO_EINVAL, "trainer is NULL");
    TORTURE(seqecho_trainer_fit(t, NULL, y, NULL, NULL), SEQECHO_EINVAL, "x is NULL");
    TORTURE(seqecho_trainer_fit(t, x, NULL, NULL, NULL), SEQECHO_EINVAL, "y is NULL");
    TORTURE(seqecho_trainer_fit(t, x, y, SEQECHO_FIT(.epochs = -1), NULL), SEQECHO_EINVAL,
            "epochs is -1");
    TORTURE(seqecho_trainer_fit(t, x, y, SEQECHO_FIT(.batch_size = -1), NULL),
            SEQECHO_EINVAL, "batch_size is -1");
    TORTURE(seqecho_trainer_fit(t, x, y, SEQECHO_FIT(.batch_size = two_62), NULL),
            SEQECHO_ESHAPE, "the input layer fixes it at 7");
    TORTURE(seqecho_trainer_fit(t, x, y,
                                SEQECHO_FIT(.reset_states = (seqecho_state_reset)4), NULL),
            SEQECHO_EINVAL, "reset_states is 4");
    TORTURE(seqecho_trainer_fit_dataset(NULL, s->data, NULL, NULL), SEQECHO_EINVAL,
            "trainer is NULL");
    TORTURE(seqecho_trainer_fit_dataset(t, NULL, NULL, NULL), SEQECHO_EINVAL,
            "dataset is NULL");
    TORTURE(seqecho_trainer_train_on_batch(NULL, x, y, NULL), SEQECHO_EINVAL,
            "trainer is NULL");
    TORTURE(seqecho_trainer_train_on_batch(t, NULL, NULL, NULL), SEQECHO_EINVAL,
            "x is NULL");
    TORTURE(seqecho_trainer_evaluate(NULL, x, y, NULL, NULL), SEQECHO_EINVAL,
            "trainer is NULL");
    TORTURE(seqecho_trainer_evaluate_dataset(NULL, s->data, 1, NULL, NULL), SEQECHO_EINVAL,
            "trainer is NULL");
    TORTURE(seqecho_trainer_evaluate_dataset(t, NULL, 1, NULL, NULL), SEQECHO_EINVAL,
            "dataset is NULL");
    TORTURE(seqecho_trainer_evaluate_dataset(t, s->data, 0, NULL, NULL), SEQECHO_EINVAL,
            "sequences is 0");
    TORTURE(seqecho_trainer_evaluate_dataset(t, s->data, -two_62, NULL, NULL),
            SEQECHO_EINVAL, "sequences is -4611686018427387904");

    TORTURE(seqecho_trainer_predict(NULL, x, out, N), SEQECHO_EINVAL, "trainer is NULL");
    TORTURE(seqecho_trainer_predict(t, NULL, out, N), SEQECHO_EINVAL, "x is NULL");
    TORTURE(seqecho_trainer_predict(t, x, NULL, N), SEQECHO_EINVAL, "out is NULL");
    TORTURE(seqecho_trainer_predict(t, x, out, N - 1), SEQECHO_ESHAPE,
            "the outputs of 14 samples are 420 floats, out_count is 419");
    TORTURE(seqecho_trainer_predict(t, x, out, 0), SEQECHO_ESHAPE, "out_count is 0");
    TORTURE(seqecho_trainer_predict(t, x, out, SIZE_MAX), SEQECHO_ESHAPE, "out_count is");

    TORTURE(seqecho_trainer_set(NULL, SEQECHO_PARAM_BETA_1, 0.5), SEQECHO_EINVAL,
            "trainer is NULL");
    TORTURE(seqecho_trainer_set(t, (seqecho_param)0, 0.5), SEQECHO_EINVAL, "param is 0");
    TORTURE(seqecho_trainer_set(t, (seqecho_param)-1, 0.5), SEQECHO_EINVAL, "param is -1");
    TORTURE(seqecho_trainer_get(NULL, SEQECHO_PARAM_BETA_1, &value), SEQECHO_EINVAL,
            "trainer is NULL");
    TORTURE(seqecho_trainer_get(t, SEQECHO_PARAM_BETA_1, NULL), SEQECHO_EINVAL,
            "value is NULL");
    TORTURE(seqecho_trainer_get(t, (seqecho_param)99, &value), SEQECHO_EINVAL,
            "param is 99");
    seqecho_trainer_reset_states(NULL);
}

static void bad_arguments_of_trainers(void **state)
{
    (void)state;
    torture(trainer_arguments);
}

/* Parts of a step out of order, or with counts that are wrong. */
static void parts(setup *s)
{
    static float out[N], dx[N], bias[CLASSES];
    seqecho_view x = s->x, y = s->y, dy = s->y;
    seqecho_trainer *const t = s->trainer;

    /* States of a stateful graph advance with forward(): begin and end with zeros. */
    x.dim[0] = y.dim[0] = dy.dim[0] = 7;
    TORTURE(seqecho_trainer_backward(t, &dy, NULL, 0), SEQECHO_ESTATE, "backward: ");
    TORTURE(seqecho_trainer_apply_gradients(t), SEQECHO_ESTATE, "there are no gradients");
    TORTURE(seqecho_trainer_forward(NULL, &x, out, N / 2), SEQECHO_EINVAL, "is NULL");
    TORTURE(seqecho_trainer_forward(t, NULL, out, N / 2), SEQECHO_EINVAL, "x is NULL");
    TORTURE(seqecho_trainer_forward(t, &x, NULL, N / 2), SEQECHO_EINVAL, "out is NULL");
    TORTURE(seqecho_trainer_forward(t, &x, out, N), SEQECHO_ESHAPE, "forward: the outputs");
    TORTURE(seqecho_trainer_forward(t, &s->x, out, N), SEQECHO_ESHAPE,
            "a batch has the 7 samples of the input layer, found 14");
    TORTURE(seqecho_trainer_backward(t, &dy, NULL, 0), SEQECHO_ESTATE, "backward: ");

    seqecho_trainer_reset_states(t);
    assert_int_equal(seqecho_trainer_forward(t, &x, out, N / 2), 0);
    TORTURE(seqecho_trainer_apply_gradients(t), SEQECHO_ESTATE, "there are no gradients");
    TORTURE(seqecho_trainer_gradient_get(t, "time_distributed/bias", bias, CLASSES),
            SEQECHO_ESTATE, "there are no gradients");
    TORTURE(seqecho_trainer_backward(NULL, &dy, NULL, 0), SEQECHO_EINVAL, "is NULL");
    TORTURE(seqecho_trainer_backward(t, NULL, NULL, 0), SEQECHO_EINVAL, "dy is NULL");
    TORTURE(seqecho_trainer_backward(t, &dy, NULL, 1), SEQECHO_ESHAPE, "dx_count is 1");
    TORTURE(seqecho_trainer_backward(t, &dy, dx, N / 2 + 1), SEQECHO_ESHAPE,
            "are 210 floats, dx_count is 211");
    dy.dim[0] = 6;
    TORTURE(seqecho_trainer_backward(t, &dy, NULL, 0), SEQECHO_ESHAPE,
            "dy has 6 samples, forward() had 7");
    dy.dim[0] = 7;
    dy.dtype = SEQECHO_INT32;
    TORTURE(seqecho_trainer_backward(t, &dy, NULL, 0), SEQECHO_EINVAL,
            "time_distributed: dy has dtype 1, expected float32");
    dy.dtype = SEQECHO_FLOAT32;
    /* After all of that it still follows the forward(). */
    assert_int_equal(seqecho_trainer_backward(t, &dy, dx, N / 2), 0);
    TORTURE(seqecho_trainer_backward(t, &dy, dx, N / 2), SEQECHO_ESTATE, "backward: ");

    TORTURE(seqecho_trainer_gradient_get(NULL, "time_distributed/bias", bias, CLASSES),
            SEQECHO_EINVAL, "trainer is NULL");
    TORTURE(seqecho_trainer_gradient_get(t, "time_distributed/bias", NULL, CLASSES),
            SEQECHO_EINVAL, "values is NULL");
    TORTURE(seqecho_trainer_gradient_get(t, "time_distributed/bias", bias, CLASSES - 1),
            SEQECHO_ESHAPE, "time_distributed/bias: expected 6 values, found 5");
    TORTURE(seqecho_trainer_gradient_get(t, NULL, bias, CLASSES), SEQECHO_ENOTFOUND,
            "(NULL)");
    TORTURE(seqecho_trainer_gradient_get(t, "bias", bias, CLASSES), SEQECHO_ENOTFOUND,
            "weight \"bias\" is not in the graph; the first one is \"lstm/kernel\"");

    TORTURE(seqecho_trainer_compute_gradients(NULL, &x, &y, NULL, 0, NULL), SEQECHO_EINVAL,
            "trainer is NULL");
    TORTURE(seqecho_trainer_compute_gradients(t, &x, &y, dx, 0, NULL), SEQECHO_ESHAPE,
            "dx_count is 0");
    TORTURE(seqecho_trainer_compute_gradients(t, &x, &y, NULL, N / 2, NULL), SEQECHO_ESHAPE,
            "dx_count is 210");
    TORTURE(seqecho_trainer_apply_gradients(NULL), SEQECHO_EINVAL, "trainer is NULL");
    seqecho_trainer_reset_states(t);
}

/* Twins differ after forward(), in states and in the phase; the weights must not. */
static void parts_out_of_order(void **state)
{
    setup a, b;

    (void)state;
    set_up(&a);
    set_up(&b);
    for (int i = 0; i < 3; i++) {
        parts(&a);
        models_assert_same(a.graph, b.graph);
        train(&a);
        seqecho_trainer_reset_states(b.trainer);
        train(&b);
        models_assert_same(a.graph, b.graph);
        /* A fit takes the gradients of forward() and backward() away. */
        TORTURE(seqecho_trainer_apply_gradients(a.trainer), SEQECHO_ESTATE,
                "there are no gradients");
    }
    tear_down(&a);
    tear_down(&b);
}

/* ---- Creating ----------------------------------------------------------------------- */

static void bad_trainers(void **state)
{
    static const struct {
        seqecho_trainer_options o;
        int code;
        const char *part;
    } cases[] = {
        { { .loss = (seqecho_loss)7 }, SEQECHO_EINVAL, "loss is 7" },
        { { .loss = (seqecho_loss)-1 }, SEQECHO_EINVAL, "loss is -1" },
        { { .optimizer = (seqecho_optimizer)5 }, SEQECHO_ENOTSUP, "optimizer 5" },
        { { .optimizer = (seqecho_optimizer)-1 }, SEQECHO_ENOTSUP, "optimizer -1" },
        { { .reserved_2 = 1 }, SEQECHO_ENOTSUP, "reserved is set" },
        { { .metrics = 31 }, SEQECHO_ENOTSUP, "metrics 0x10" },
        { { .metrics = UINT32_MAX }, SEQECHO_ENOTSUP, "metrics 0xfffffff0" },
        { { .learning_rate = -1.0F }, SEQECHO_EINVAL, "learning_rate is -1" },
        { { .learning_rate = NAN }, SEQECHO_EINVAL, "learning_rate is" },
        { { .learning_rate = INFINITY }, SEQECHO_EINVAL, "learning_rate is inf" },
        { { .learning_rate = 1001.0F }, SEQECHO_EINVAL, "learning_rate is 1001" },
        { { .threads = -1 }, SEQECHO_EINVAL, "threads is -1" },
        { { .threads = 257 }, SEQECHO_EINVAL, "threads is 257" },
        { { .threads = INT32_MAX }, SEQECHO_EINVAL, "threads is 2147483647" },
        { { .numerics = (seqecho_numerics)3 }, SEQECHO_EINVAL, "numerics is 3" },
        { { .numerics = (seqecho_numerics)-1 }, SEQECHO_EINVAL, "numerics is -1" },
    };
    seqecho_graph *const graph = models_whole(size);
    seqecho_trainer *t = (void *)graph;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        seqecho_trainer_options o = cases[i].o;

        o.struct_size = sizeof o;
        t = (void *)graph;
        TORTURE(seqecho_trainer_create(&t, graph, &o), cases[i].code, cases[i].part);
        assert_null(t);
    }
    TORTURE(seqecho_trainer_create(NULL, graph, NULL), SEQECHO_EINVAL, "out is NULL");
    TORTURE(seqecho_trainer_create(&t, NULL, NULL), SEQECHO_EINVAL, "graph is NULL");
    assert_int_equal(seqecho_trainer_create(&t, graph, SEQECHO_TRAINER(.threads = 256)), 0);
    seqecho_trainer_destroy(t);
    seqecho_graph_destroy(graph);
}

static void bad_predictors(void **state)
{
    seqecho_graph *const graph = models_whole(size);
    seqecho_predictor *p = (void *)graph;

    (void)state;
    TORTURE(seqecho_predictor_create(NULL, graph, NULL), SEQECHO_EINVAL, "out is NULL");
    TORTURE(seqecho_predictor_create(&p, NULL, NULL), SEQECHO_EINVAL, "graph is NULL");
    assert_null(p);
    TORTURE(seqecho_predictor_create(&p, graph, SEQECHO_PREDICTOR(.batch = -1)),
            SEQECHO_EINVAL, "batch is -1");
    TORTURE(seqecho_predictor_create(&p, graph, SEQECHO_PREDICTOR(.batch = two_62)),
            SEQECHO_EINVAL, "batch is 4611686018427387904");
    TORTURE(seqecho_predictor_create(
                &p, graph, SEQECHO_PREDICTOR(.batch = two_31, .allocator = &limited)),
            SEQECHO_ENOMEM, "out of memory");
    TORTURE(seqecho_predictor_create(&p, graph, SEQECHO_PREDICTOR(.threads = -1)),
            SEQECHO_EINVAL, "threads is -1");
    TORTURE(seqecho_predictor_create(&p, graph,
                                     SEQECHO_PREDICTOR(.numerics = (seqecho_numerics)9)),
            SEQECHO_EINVAL, "numerics is 9");
    assert_null(p);
    seqecho_graph_destroy(graph);
}

static void predictor_arguments(setup *s)
{
    static float out[N];
    const int32_t classes[7] = { 0 };

    TORTURE(seqecho_predictor_run(NULL, &s->x, out, N), SEQECHO_EINVAL,
            "predictor is NULL");
    TORTURE(seqecho_predictor_run(s->predictor, NULL, out, N), SEQECHO_EINVAL, "x is NULL");
    TORTURE(seqecho_predictor_run(s->predictor, &s->x, NULL, N), SEQECHO_EINVAL,
            "out is NULL");
    TORTURE(seqecho_predictor_run(s->predictor, &s->x, out, N + 1), SEQECHO_ESHAPE,
            "the outputs of 14 samples are 420 floats, out_count is 421");
    TORTURE(seqecho_predictor_step(NULL, out, out), SEQECHO_EINVAL, "predictor is NULL");
    TORTURE(seqecho_predictor_step(s->predictor, NULL, out), SEQECHO_EINVAL, "x_t is NULL");
    TORTURE(seqecho_predictor_step(s->predictor, out, NULL), SEQECHO_EINVAL, "y_t is NULL");
    TORTURE(seqecho_predictor_step_classes(NULL, classes, out), SEQECHO_EINVAL,
            "predictor is NULL");
    TORTURE(seqecho_predictor_step_classes(s->predictor, NULL, out), SEQECHO_EINVAL,
            "x_t is NULL");
    TORTURE(seqecho_predictor_step_classes(s->predictor, classes, NULL), SEQECHO_EINVAL,
            "y_t is NULL");
    seqecho_predictor_reset_states(NULL);
}

static void bad_arguments_of_predictors(void **state)
{
    (void)state;
    torture(predictor_arguments);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_views),          cmocka_unit_test(bad_arguments_of_trainers),
        cmocka_unit_test(parts_out_of_order), cmocka_unit_test(bad_trainers),
        cmocka_unit_test(bad_predictors),     cmocka_unit_test(bad_arguments_of_predictors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
