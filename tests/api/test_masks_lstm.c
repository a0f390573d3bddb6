/* test_masks_lstm.c - LSTMs behind inputs with lengths, and their dropout, as programs see
 * them.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "close.h"
#include "models.h"

enum { SAMPLES = 6, STEPS = 5, FEATURES = 4, UNITS = 7, ROW = STEPS * FEATURES };

static const int32_t unsorted[SAMPLES] = { 3, 5, 0, 1, 5, 2 };
static const int32_t sorted[SAMPLES] = { 5, 4, 4, 2, 1, 0 };
static const int32_t all[SAMPLES] = { 5, 5, 5, 5, 5, 5 };

/* One LSTM; with `lengths`, behind an input that has them. */
static seqecho_graph *graph_of(const seqecho_spec *lstm, int64_t batch, int64_t steps,
                               bool lengths)
{
    seqecho_graph *graph;

    assert_int_equal(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 3)), 0);
    seqecho_graph_add(graph, SEQECHO_INPUT(.batch = batch, .dim = { steps, FEATURES },
                                           .lengths = lengths));
    seqecho_graph_add(graph, lstm);
    if (seqecho_graph_status(graph) < 0)
        fail_msg("%s", seqecho_error_message());
    return graph;
}

static seqecho_predictor *predictor_of(seqecho_graph *graph, int64_t batch, int32_t threads)
{
    seqecho_predictor *p;

    if (seqecho_predictor_create(&p, graph,
                                 SEQECHO_PREDICTOR(.batch = batch, .threads = threads)) < 0)
        fail_msg("%s", seqecho_error_message());
    return p;
}

/* x with garbage where it is not to be looked at, and its lengths. */
static void make_views(float x[SAMPLES * ROW], const int32_t *lengths, seqecho_view view[2])
{
    models_fill(x, SAMPLES * ROW, 9);
    for (int64_t i = 0; i < SAMPLES * ROW; i++)
        if (i % ROW / FEATURES >= lengths[i / ROW])
            x[i] = i % 3 == 0 ? (float)NAN : 1e30f;
    view[0] = (seqecho_view){ x, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 };
    view[1] = (seqecho_view){ lengths, { SAMPLES }, 1, SEQECHO_INT32 };
}

static void run(seqecho_graph *graph, int64_t batch, const seqecho_view *x, float *out,
                size_t n)
{
    seqecho_predictor *const p = predictor_of(graph, batch, 1);

    if (seqecho_predictor_run(p, x, out, n) < 0)
        fail_msg("%s", seqecho_error_message());
    seqecho_predictor_destroy(p);
}

/* Every sample as long as it is, one after the other. */
static void run_alone(const seqecho_spec *lstm, const float *x, const int32_t *lengths,
                      bool sequences, float *out)
{
    for (size_t i = 0; i < SAMPLES; i++) {
        const int64_t n = lengths[i];
        const seqecho_view view = { x + i * ROW, { 1, n, FEATURES }, 3, SEQECHO_FLOAT32 };
        float *const row = out + i * (size_t)(sequences ? STEPS : 1) * UNITS;
        seqecho_graph *graph;

        memset(row, 0, (size_t)(sequences ? STEPS : 1) * UNITS * sizeof *row);
        if (n == 0)
            continue;
        graph = graph_of(lstm, 0, n, false);
        run(graph, 0, &view, row, (size_t)(sequences ? n : 1) * UNITS);
        for (int64_t t = n; sequences && t < STEPS; t++)
            memcpy(row + t * UNITS, row + (n - 1) * UNITS, UNITS * sizeof *row);
        seqecho_graph_destroy(graph);
    }
}

/* Short samples give the bits of themselves alone, in batches of every size. */
static void check_lengths(const seqecho_spec *lstm, const int32_t *lengths, bool sequences)
{
    const size_t n = (size_t)(SAMPLES * (sequences ? STEPS : 1) * UNITS);
    float x[SAMPLES * ROW], want[SAMPLES * STEPS * UNITS], got[SAMPLES * STEPS * UNITS];
    seqecho_graph *const graph = graph_of(lstm, 0, STEPS, true);
    seqecho_view view[2];

    make_views(x, lengths, view);
    run_alone(lstm, x, lengths, sequences, want);
    for (int64_t batch = 1; batch <= SAMPLES; batch++) {
        run(graph, batch, view, got, n);
        assert_same_bits(got, want, n);
    }
    seqecho_graph_destroy(graph);
}

static void lengths(void **state)
{
    const int32_t *const cases[] = { unsorted, sorted, all };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        check_lengths(SEQECHO_LSTM(.units = UNITS), cases[i], false);
        check_lengths(SEQECHO_LSTM(.units = UNITS, .return_sequences = true), cases[i],
                      true);
        check_lengths(SEQECHO_LSTM(.units = UNITS, .activation = SEQECHO_RELU,
                                   .masked_output = SEQECHO_MASKED_STATE,
                                   .return_sequences = true),
                      cases[i], true);
    }
}

/* Read backwards, the padding comes first: outputs follow in the order of processing. */
static void lengths_backwards(void **state)
{
    const seqecho_spec *const lstm =
        SEQECHO_LSTM(.units = UNITS, .go_backwards = true, .return_sequences = true);
    float x[SAMPLES * ROW], got[SAMPLES * STEPS * UNITS], want[STEPS * UNITS];
    seqecho_graph *const graph = graph_of(lstm, 0, STEPS, true);
    seqecho_view view[2];

    (void)state;
    make_views(x, unsorted, view);
    run(graph, 0, view, got, SAMPLES * STEPS * UNITS);
    for (size_t i = 0; i < SAMPLES; i++) {
        const int64_t n = unsorted[i];
        const seqecho_view one = { x + i * ROW, { 1, n, FEATURES }, 3, SEQECHO_FLOAT32 };
        seqecho_graph *const alone = n > 0 ? graph_of(lstm, 0, n, false) : NULL;

        memset(want, 0, sizeof want);
        if (n > 0)
            run(alone, 0, &one, want + (STEPS - n) * UNITS, (size_t)(n * UNITS));
        assert_same_bits(got + i * STEPS * UNITS, want, STEPS * UNITS);
        seqecho_graph_destroy(alone);
    }
    seqecho_graph_destroy(graph);
}

/* Zeros where the next LSTM, which takes the mask over, is not to look. */
static void stacked(void **state)
{
    float x[SAMPLES * ROW], got[SAMPLES * UNITS], want[SAMPLES * UNITS];
    seqecho_graph *graph[2];
    seqecho_view view[2];

    (void)state;
    make_views(x, unsorted, view);
    for (int zero = 0; zero < 2; zero++) {
        graph[zero] = graph_of(
            SEQECHO_LSTM(.units = 5, .return_sequences = true,
                         .masked_output = zero ? SEQECHO_MASKED_ZERO : SEQECHO_MASKED_LAST),
            0, STEPS, true);
        seqecho_graph_add(graph[zero], SEQECHO_LSTM(.units = UNITS));
        run(graph[zero], 0, view, zero ? got : want, SAMPLES * UNITS);
        seqecho_graph_destroy(graph[zero]);
    }
    assert_same_bits(got, want, SAMPLES * UNITS);
}

/* Class numbers, of which those beyond may be anything, are the one-hot rows they name. */
static void class_numbers(void **state)
{
    int32_t classes[SAMPLES * STEPS];
    float x[SAMPLES * ROW] = { 0 }, got[SAMPLES * STEPS * UNITS],
                      want[SAMPLES * STEPS * UNITS];
    seqecho_graph *const graph =
        graph_of(SEQECHO_LSTM(.units = UNITS, .return_sequences = true), 0, STEPS, true);
    seqecho_view view[2] = { { x, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 },
                             { unsorted, { SAMPLES }, 1, SEQECHO_INT32 } };

    (void)state;
    for (int32_t i = 0; i < SAMPLES * STEPS; i++) {
        classes[i] = i % STEPS < unsorted[i / STEPS] ? i * 7 % FEATURES : -99;
        x[i * FEATURES + (classes[i] < 0 ? 0 : classes[i])] = classes[i] < 0 ? 7.5f : 1.0f;
    }
    run(graph, 0, view, want, SAMPLES * STEPS * UNITS);
    view[0] = (seqecho_view){ classes, { SAMPLES, STEPS }, 2, SEQECHO_INT32 };
    run(graph, 0, view, got, SAMPLES * STEPS * UNITS);
    assert_same_bits(got, want, SAMPLES * STEPS * UNITS);
    seqecho_graph_destroy(graph);
}

/* A stateful layer goes on from where each sample stopped. */
static void stateful(void **state)
{
    float x[SAMPLES * ROW], second[SAMPLES * ROW], got[SAMPLES * UNITS];
    seqecho_graph *const graph =
        graph_of(SEQECHO_LSTM(.units = UNITS, .stateful = true), SAMPLES, STEPS, true);
    seqecho_predictor *const p = predictor_of(graph, SAMPLES, 1);
    seqecho_view view[2];

    (void)state;
    make_views(x, sorted, view);
    assert_int_equal(seqecho_predictor_run(p, view, got, SAMPLES * UNITS), 0);
    make_views(second, unsorted, view);
    assert_int_equal(seqecho_predictor_run(p, view, got, SAMPLES * UNITS), 0);
    for (size_t i = 0; i < SAMPLES; i++) {
        const int64_t n = sorted[i], more = unsorted[i];
        const float zeros[UNITS] = { 0 };
        float joined[2 * ROW], want[UNITS];
        const seqecho_view one = { joined, { 1, n + more, FEATURES }, 3, SEQECHO_FLOAT32 };
        seqecho_graph *alone;

        if (more == 0) { /* nothing new: no output yet, though there is a state */
            assert_same_bits(got + i * UNITS, zeros, UNITS);
            continue;
        }
        memcpy(joined, x + i * ROW, (size_t)(n * FEATURES) * sizeof *joined);
        memcpy(joined + n * FEATURES, second + i * ROW,
               (size_t)(more * FEATURES) * sizeof *joined);
        alone = graph_of(SEQECHO_LSTM(.units = UNITS), 0, n + more, false);
        run(alone, 0, &one, want, UNITS);
        assert_same_bits(got + i * UNITS, want, UNITS);
        seqecho_graph_destroy(alone);
    }
    seqecho_predictor_destroy(p);
    seqecho_graph_destroy(graph);
}

/* ---- Gradients and dropout ---------------------------------------------------------- */

enum { OUT = SAMPLES * STEPS * UNITS };

typedef struct pass {
    float out[OUT], dx[SAMPLES * ROW];
    float *grads;
    size_t n;
} pass;

static seqecho_trainer *trainer_of(seqecho_graph *graph, uint64_t seed, int32_t threads)
{
    seqecho_trainer *trainer;

    assert_int_equal(
        seqecho_trainer_create(&trainer, graph,
                               SEQECHO_TRAINER(.seed = seed, .threads = threads)),
        0);
    return trainer;
}

/* forward() and backward() of random gradients. */
static void pass_run(pass *p, seqecho_graph *graph, seqecho_trainer *trainer,
                     const seqecho_view *x)
{
    const bool floats = x->dtype == SEQECHO_FLOAT32;
    float dy[OUT];
    const seqecho_view view = { dy, { SAMPLES, STEPS, UNITS }, 3, SEQECHO_FLOAT32 };
    size_t at = 0;

    models_fill(dy, OUT, 12);
    p->n = (size_t)seqecho_graph_parameter_count(graph);
    p->grads = calloc(p->n, sizeof *p->grads);
    assert_non_null(p->grads);
    if (seqecho_trainer_forward(trainer, x, p->out, OUT) < 0 ||
        seqecho_trainer_backward(trainer, &view, floats ? p->dx : NULL,
                                 floats ? SAMPLES * ROW : 0) < 0)
        fail_msg("%s", seqecho_error_message());
    for (size_t i = 0; i < seqecho_graph_weight_count(graph); i++) {
        const char *const name = seqecho_graph_weight_name(graph, i);
        seqecho_view shape;
        size_t size = 1;

        assert_int_equal(seqecho_graph_weight_shape(graph, name, &shape), 0);
        for (int32_t d = 0; d < shape.rank; d++)
            size *= (size_t)shape.dim[d];
        assert_int_equal(seqecho_trainer_gradient_get(trainer, name, p->grads + at, size),
                         0);
        at += size;
    }
}

static void assert_same_pass(const pass *a, const pass *b, bool dx)
{
    assert_same_bits(a->out, b->out, OUT);
    assert_same_bits(a->grads, b->grads, a->n);
    if (dx)
        assert_same_bits(a->dx, b->dx, SAMPLES * ROW);
}

/* Whatever the padding holds, gradients are the same, and zero there. */
static void garbage(void **state)
{
    const seqecho_spec *const specs[] = {
        SEQECHO_LSTM(.units = UNITS, .return_sequences = true),
        SEQECHO_LSTM(.units = UNITS, .return_sequences = true, .dropout = 0.4f),
        SEQECHO_LSTM(.units = UNITS, .return_sequences = true, .recurrent_dropout = 0.4f,
                     .dropout = 0.2f),
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        seqecho_graph *const graph = graph_of(specs[i], 0, STEPS, true);
        float x[SAMPLES * ROW];
        seqecho_view view[2];
        pass dirty, clean;
        seqecho_trainer *trainer = trainer_of(graph, 1, 1);

        make_views(x, unsorted, view);
        pass_run(&dirty, graph, trainer, view);
        seqecho_trainer_destroy(trainer);
        for (int64_t k = 0; k < SAMPLES * ROW; k++)
            if (k % ROW / FEATURES >= unsorted[k / ROW]) {
                assert_true(dirty.dx[k] == 0.0f);
                x[k] = 0.0f;
            }
        trainer = trainer_of(graph, 1, 3);
        pass_run(&clean, graph, trainer, view);
        assert_same_pass(&dirty, &clean, true);
        free(dirty.grads);
        free(clean.grads);
        seqecho_trainer_destroy(trainer);
        seqecho_graph_destroy(graph);
    }
}

/* The seed and the number of the pass decide; predict() has no dropout and takes no
 * number. */
static void passes(void **state)
{
    seqecho_graph *const graph =
        graph_of(SEQECHO_LSTM(.units = UNITS, .return_sequences = true, .dropout = 0.5f,
                              .recurrent_dropout = 0.5f),
                 0, STEPS, false);
    seqecho_trainer *const a = trainer_of(graph, 1, 1), *const b = trainer_of(graph, 1, 3);
    seqecho_trainer *const c = trainer_of(graph, 2, 1);
    pass first, second, again, other;
    float x[SAMPLES * ROW], predicted[OUT], plain[OUT];
    seqecho_view view[2];

    (void)state;
    make_views(x, all, view);
    pass_run(&first, graph, a, view);
    assert_int_equal(seqecho_trainer_predict(a, view, predicted, OUT), 0);
    run(graph, 0, view, plain, OUT);
    assert_same_bits(predicted, plain, OUT);
    assert_true(memcmp(first.out, plain, sizeof plain) != 0);
    pass_run(&second, graph, a, view);
    assert_true(memcmp(first.out, second.out, sizeof first.out) != 0);
    pass_run(&again, graph, b, view);
    assert_same_pass(&first, &again, true);
    free(again.grads);
    pass_run(&again, graph, b, view);
    assert_same_pass(&second, &again, true);
    pass_run(&other, graph, c, view);
    assert_true(memcmp(first.out, other.out, sizeof first.out) != 0);
    free(first.grads);
    free(second.grads);
    free(again.grads);
    free(other.grads);
    seqecho_trainer_destroy(a);
    seqecho_trainer_destroy(b);
    seqecho_trainer_destroy(c);
    seqecho_graph_destroy(graph);
}

/* Class numbers under dropout are their one-hot rows. */
static void classes_drop(void **state)
{
    int32_t classes[SAMPLES * STEPS];
    float x[SAMPLES * ROW] = { 0 };
    seqecho_view view = { x, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 };

    (void)state;
    for (int32_t i = 0; i < SAMPLES * STEPS; i++) {
        classes[i] = i * 7 % FEATURES;
        x[i * FEATURES + classes[i]] = 1.0f;
    }
    for (uint8_t implementation = 1; implementation <= 2; implementation++) {
        seqecho_graph *const graph =
            graph_of(SEQECHO_LSTM(.units = UNITS, .return_sequences = true, .dropout = 0.5f,
                                  .implementation = implementation),
                     0, STEPS, false);
        const seqecho_view numbers = { classes, { SAMPLES, STEPS }, 2, SEQECHO_INT32 };
        seqecho_trainer *const a = trainer_of(graph, 1, 1), *const b =
                                                                trainer_of(graph, 1, 1);
        pass rows, by_number;

        pass_run(&rows, graph, a, &view);
        pass_run(&by_number, graph, b, &numbers);
        assert_same_pass(&by_number, &rows, false);
        free(rows.grads);
        free(by_number.grads);
        seqecho_trainer_destroy(a);
        seqecho_trainer_destroy(b);
        seqecho_graph_destroy(graph);
    }
}

/* A repeated value is dropped the same at every step: behind RepeatVector, one pass of the
 * values written out gives the same. */
static void repeated_drops(void **state)
{
    float once[SAMPLES * FEATURES], x[SAMPLES * ROW];
    const seqecho_view short_view = { once, { SAMPLES, FEATURES }, 2, SEQECHO_FLOAT32 };
    const seqecho_view view = { x, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 };
    const seqecho_spec *const lstm =
        SEQECHO_LSTM(.units = UNITS, .name = "lstm", .return_sequences = true,
                     .dropout = 0.5f);
    seqecho_graph *graph[2];
    seqecho_trainer *trainer[2];
    float out[2][OUT];

    (void)state;
    models_fill(once, SAMPLES * FEATURES, 4);
    for (size_t i = 0; i < SAMPLES * ROW; i++)
        x[i] = once[i / ROW * FEATURES + i % FEATURES];
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(seqecho_graph_create(&graph[i], SEQECHO_GRAPH(.seed = 3)), 0);
        if (i == 0) {
            seqecho_graph_add(graph[i], SEQECHO_INPUT(.dim = { FEATURES }));
            seqecho_graph_add(graph[i], SEQECHO_REPEAT_VECTOR(STEPS));
        } else { /* as many calls, for the same place in the graph */
            seqecho_graph_add(graph[i], SEQECHO_INPUT(.dim = { STEPS, FEATURES }));
            seqecho_graph_add(graph[i], SEQECHO_ACTIVATION(SEQECHO_LINEAR));
        }
        seqecho_graph_add(graph[i], lstm);
        trainer[i] = trainer_of(graph[i], 1, 1);
        if (seqecho_trainer_forward(trainer[i], i == 0 ? &short_view : &view, out[i], OUT) <
            0)
            fail_msg("%s", seqecho_error_message());
    }
    assert_same_bits(out[0], out[1], OUT);
    for (size_t i = 0; i < 2; i++) {
        seqecho_trainer_destroy(trainer[i]);
        seqecho_graph_destroy(graph[i]);
    }
}

/* ---- What is refused ---------------------------------------------------------------- */

static void refused(void **state)
{
    static const struct {
        seqecho_lstm_spec spec;
        int code;
        const char *message;
    } cases[] = {
        { { .dropout = -0.1f }, SEQECHO_EINVAL, "lstm: dropout is -0.1, expected 0 to 1" },
        { { .dropout = 1.5f }, SEQECHO_EINVAL, "lstm: dropout is 1.5, expected 0 to 1" },
        { { .recurrent_dropout = 2.0f },
          SEQECHO_EINVAL,
          "lstm: recurrent_dropout is 2, expected 0 to 1" },
        { { .implementation = 3 },
          SEQECHO_EINVAL,
          "lstm: implementation is 3, expected 1 or 2" },
        { { .masked_output = (seqecho_masked_output)3 },
          SEQECHO_ENOTSUP,
          "lstm: masked_output 3 is unknown to this library" },
        { { .reserved_2 = 1 },
          SEQECHO_ENOTSUP,
          "lstm: a reserved field is set, but this library knows only 0" },
        { { .reserved = { 0, 0, 0, 0, 1 } },
          SEQECHO_ENOTSUP,
          "lstm: a reserved field is set, but this library knows only 0" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        seqecho_lstm_spec spec = cases[i].spec;
        seqecho_graph *graph;

        spec.head = (seqecho_spec){ sizeof spec, SEQECHO_KIND_LSTM, 0 };
        spec.name = "lstm";
        spec.units = 3;
        assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
        assert_null(seqecho_layer_create(graph, &spec.head));
        assert_int_equal(seqecho_graph_status(graph), cases[i].code);
        assert_string_equal(seqecho_error_message(), cases[i].message);
        seqecho_graph_destroy(graph);
    }
}

/* A NaN is no rate. */
static void nan_refused(void **state)
{
    seqecho_graph *graph;

    (void)state;
    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    assert_null(
        seqecho_layer_create(graph, SEQECHO_LSTM(.units = 3, .dropout = (float)NAN)));
    assert_int_equal(seqecho_graph_status(graph), SEQECHO_EINVAL);
    seqecho_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths),        cmocka_unit_test(lengths_backwards),
        cmocka_unit_test(stacked),        cmocka_unit_test(class_numbers),
        cmocka_unit_test(stateful),       cmocka_unit_test(garbage),
        cmocka_unit_test(passes),         cmocka_unit_test(classes_drop),
        cmocka_unit_test(repeated_drops), cmocka_unit_test(refused),
        cmocka_unit_test(nan_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
