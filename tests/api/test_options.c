/* test_options.c - structs of older and newer programs: each is led by its size.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "close.h"
#include "counting_alloc.h"
#include "models.h"
#include "refuse.h"

/* A struct as a newer program has it: longer, with the new fields at its end. */
typedef struct longer {
    union {
        size_t size;
        seqecho_spec spec;
        seqecho_graph_options graph;
        seqecho_trainer_options trainer;
        seqecho_predictor_options predictor;
        seqecho_dataset_options dataset;
        seqecho_fit_options fit;
        seqecho_lstm_spec lstm;
        seqecho_allocator allocator;
        unsigned char bytes[4096];
    } u;
} longer;

/* One way to hand a struct to the library. */
typedef struct receiver {
    const char *what; /* as messages call it */
    size_t size;
    const void *valid; /* some valid struct */
    int (*give)(const void *options);
} receiver;

static int give_graph(const void *options)
{
    seqecho_graph *graph = (void *)1;
    const int err = seqecho_graph_create(&graph, options);

    assert_int_equal(graph == NULL, err < 0);
    seqecho_graph_destroy(graph);
    return err;
}

static int give_dataset(const void *options)
{
    seqecho_dataset *dataset = (void *)1;
    const int err = seqecho_dataset_create(&dataset, options);

    assert_int_equal(dataset == NULL, err < 0);
    seqecho_dataset_destroy(dataset);
    return err;
}

static int give_trainer(const void *options)
{
    seqecho_graph *const graph = models_small();
    seqecho_trainer *trainer = (void *)1;
    const int err = seqecho_trainer_create(&trainer, graph, options);

    assert_int_equal(trainer == NULL, err < 0);
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
    return err;
}

static int give_predictor(const void *options)
{
    seqecho_graph *const graph = models_small();
    seqecho_predictor *predictor = (void *)1;
    const int err = seqecho_predictor_create(&predictor, graph, options);

    assert_int_equal(predictor == NULL, err < 0);
    seqecho_predictor_destroy(predictor);
    seqecho_graph_destroy(graph);
    return err;
}

static int fit_with(const void *options, int how)
{
    const models_size size = { .classes = 4, .units = 2 };
    seqecho_graph *const graph = models_whole(size);
    seqecho_trainer *const trainer = models_trainer(graph, 1);
    seqecho_dataset *const data = models_data(size, 0, SEQECHO_ENCODE_ONE_HOT);
    const seqecho_view *const x = seqecho_dataset_x(data), *const y =
                                                               seqecho_dataset_y(data);
    const int err = how == 0   ? seqecho_trainer_fit(trainer, x, y, options, NULL)
                    : how == 1 ? seqecho_trainer_fit_dataset(trainer, data, options, NULL)
                    : how == 2
                        ? seqecho_trainer_evaluate(trainer, x, y, options, NULL)
                        : seqecho_trainer_evaluate_dataset(trainer, data, 1, options, NULL);

    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
    seqecho_dataset_destroy(data);
    return err;
}

static int give_fit(const void *options)
{
    return fit_with(options, 0);
}

static int give_fit_dataset(const void *options)
{
    return fit_with(options, 1);
}

static int give_evaluate(const void *options)
{
    return fit_with(options, 2);
}

static int give_evaluate_dataset(const void *options)
{
    return fit_with(options, 3);
}

static int give_lstm(const void *spec)
{
    seqecho_graph *graph;
    int err;

    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    seqecho_graph_add(graph, SEQECHO_INPUT(.batch = 2, .dim = { 4, 3 }));
    seqecho_graph_add(graph, spec);
    err = seqecho_graph_status(graph);
    seqecho_graph_destroy(graph);
    return err;
}

static int give_inner_lstm(const void *spec)
{
    seqecho_graph *graph;
    int err;

    assert_int_equal(seqecho_graph_create(&graph, NULL), 0);
    seqecho_graph_add(graph, SEQECHO_INPUT(.batch = 2, .dim = { 5, 4, 3 }));
    seqecho_graph_add(graph, SEQECHO_TIME_DISTRIBUTED(spec));
    err = seqecho_graph_status(graph);
    seqecho_graph_destroy(graph);
    return err;
}

static int give_allocator(const void *allocator)
{
    return give_graph(SEQECHO_GRAPH(.allocator = allocator));
}

static counting_alloc blocks;

#define RECEIVERS 11
static void make_receivers(receiver r[RECEIVERS])
{
    static seqecho_lstm_spec lstm;
    static seqecho_fit_options fit;
    static seqecho_graph_options graph;
    static seqecho_trainer_options trainer;
    static seqecho_predictor_options predictor;
    static seqecho_dataset_options dataset;
    static seqecho_allocator allocator;

    lstm = (seqecho_lstm_spec){ .head = { sizeof lstm, SEQECHO_KIND_LSTM, 0 },
                                .units = 2,
                                .stateful = true };
    fit = (seqecho_fit_options){ .struct_size = sizeof fit, .batch_size = 3 };
    graph = (seqecho_graph_options){ .struct_size = sizeof graph, .seed = 1 };
    trainer = (seqecho_trainer_options){ .struct_size = sizeof trainer, .threads = 1 };
    predictor = (seqecho_predictor_options){ .struct_size = sizeof predictor, .batch = 2 };
    dataset = (seqecho_dataset_options){ .struct_size = sizeof dataset, .n_unique = 3 };
    allocator = counting_alloc_hook(&blocks);

    r[0] = (receiver){ "graph options", sizeof graph, &graph, give_graph };
    r[1] = (receiver){ "dataset options", sizeof dataset, &dataset, give_dataset };
    r[2] = (receiver){ "trainer options", sizeof trainer, &trainer, give_trainer };
    r[3] = (receiver){ "predictor options", sizeof predictor, &predictor, give_predictor };
    r[4] = (receiver){ "fit options", sizeof fit, &fit, give_fit };
    r[5] = (receiver){ "fit options", sizeof fit, &fit, give_fit_dataset };
    r[6] = (receiver){ "fit options", sizeof fit, &fit, give_evaluate };
    r[7] = (receiver){ "fit options", sizeof fit, &fit, give_evaluate_dataset };
    r[8] = (receiver){ "LSTM", sizeof lstm, &lstm, give_lstm };
    r[9] = (receiver){ "LSTM", sizeof lstm, &lstm, give_inner_lstm };
    r[10] = (receiver){ "allocator", sizeof allocator, &allocator, give_allocator };
}

/* ---- Newer programs ----------------------------------------------------------------- */

static void longer_with_nothing_in_it(void **state)
{
    receiver r[RECEIVERS];

    (void)state;
    make_receivers(r);
    for (size_t i = 0; i < RECEIVERS; i++)
        for (size_t extra = 0; extra <= 64; extra += 8) {
            longer l = { { 0 } };

            memcpy(&l, r[i].valid, r[i].size);
            l.u.size = r[i].size + extra;
            assert_int_equal(r[i].give(&l), SEQECHO_OK);
        }
}

static void longer_with_something_in_it(void **state)
{
    receiver r[RECEIVERS];

    (void)state;
    make_receivers(r);
    for (size_t i = 0; i < RECEIVERS; i++)
        for (size_t at = 0; at < 24; at += 23) {
            longer l = { { 0 } };
            char text[160];

            memcpy(&l, r[i].valid, r[i].size);
            l.u.size = r[i].size + 24;
            l.u.bytes[r[i].size + at] = 1;
            snprintf(text, sizeof text,
                     "%s: byte %zu of %zu is set, but this library knows only %zu bytes of "
                     "it",
                     r[i].what, r[i].size + at, r[i].size + 24, r[i].size);
            assert_refused(r[i].give(&l), SEQECHO_ENOTSUP, text);
        }
}

/* ---- Older programs: what they do not have is the default --------------------------- */

/* What lies behind a shorter struct is not read: here it would be refused. */
static void shorter(void **state)
{
    receiver r[RECEIVERS];

    (void)state;
    make_receivers(r);
    for (size_t i = 0; i < 8; i++) {
        longer l;

        memset(&l, 0xa5, sizeof l);
        l.u.size = sizeof l.u.size;
        assert_int_equal(r[i].give(&l), SEQECHO_OK); /* only the size: all defaults */
    }
}

/* At the very end of a mapped block, so that a sanitizer sees one byte read too many. */
static void shorter_at_the_end_of_memory(void **state)
{
    receiver r[RECEIVERS];

    (void)state;
    make_receivers(r);
    for (size_t i = 0; i < 8; i++) {
        size_t *const block = malloc(sizeof *block);

        assert_non_null(block);
        *block = sizeof *block;
        assert_int_equal(r[i].give(block), SEQECHO_OK);
        free(block);
    }
}

/* A description shorter than its head does not even say what it describes. */
static void refuse_headless(const receiver *r, const void *spec, size_t size)
{
    char text[64];

    snprintf(text, sizeof text, " is %zu, expected %zu or more", size,
             sizeof(seqecho_spec));
    assert_int_equal(r->give(spec), SEQECHO_EINVAL);
    assert_non_null(strstr(seqecho_error_message(), "struct_size"));
    assert_non_null(strstr(seqecho_error_message(), text));
}

static void shorter_specs(void **state)
{
    seqecho_lstm_spec full = { .head = { offsetof(seqecho_lstm_spec, activation),
                                         SEQECHO_KIND_LSTM, 0 },
                               .units = 2,
                               .activation = (seqecho_activation)99,
                               .stateful = true,
                               .reserved = { 1 } };
    seqecho_lstm_spec *const tight = malloc(offsetof(seqecho_lstm_spec, activation));

    (void)state;
    assert_non_null(tight);
    memcpy(tight, &full, offsetof(seqecho_lstm_spec, activation));
    assert_int_equal(give_lstm(tight), SEQECHO_OK);
    assert_int_equal(give_inner_lstm(tight), SEQECHO_OK);
    free(tight);
    for (full.head.struct_size = 8; full.head.struct_size < sizeof full.head;
         full.head.struct_size++) {
        refuse_headless(&(receiver){ .give = give_lstm }, &full, full.head.struct_size);
        refuse_headless(&(receiver){ .give = give_inner_lstm }, &full,
                        full.head.struct_size);
    }
    full.head.struct_size = sizeof full;
    assert_int_equal(give_lstm(&full), SEQECHO_ENOTSUP);
    full.head.struct_size = sizeof full.head;
    assert_refused(give_lstm(&full), SEQECHO_EINVAL,
                   "lstm: units is 0, expected 1 to 536870912");
}

/* ---- Neither ------------------------------------------------------------------------ */

static void garbage(void **state)
{
    static const size_t sizes[] = { 0,       1, 7, 4097, (size_t)1 << 31, (size_t)1 << 62,
                                    SIZE_MAX };
    receiver r[RECEIVERS];

    (void)state;
    make_receivers(r);
    for (size_t i = 0; i < RECEIVERS; i++)
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
            longer l = { { 0 } };
            char text[200];

            memcpy(&l, r[i].valid, r[i].size);
            l.u.size = sizes[k];
            if (strcmp(r[i].what, "LSTM") == 0 && sizes[k] < sizeof(seqecho_spec)) {
                refuse_headless(&r[i], &l, sizes[k]);
                continue;
            }
            snprintf(text, sizeof text,
                     "%s: struct_size is %zu, expected about %zu; was the struct made by "
                     "its macro or init template?",
                     r[i].what, sizes[k], r[i].size);
            assert_refused(r[i].give(&l), SEQECHO_EINVAL, text);
        }
    assert_int_equal(blocks.live, 0);
}

/* Reserved fields are options of a later version. */
static void reserved_fields(void **state)
{
    seqecho_dense_spec dense = { .head = { sizeof dense, SEQECHO_KIND_DENSE, 0 },
                                 .units = 1 };
    seqecho_activation_spec activation = { .head = { sizeof activation,
                                                     SEQECHO_KIND_ACTIVATION, 0 },
                                           .activation = SEQECHO_RELU,
                                           .reserved = 1 };

    (void)state;
    for (size_t i = 0; i < sizeof((seqecho_trainer_options *)0)->reserved; i++) {
        seqecho_trainer_options o = { .struct_size = sizeof o };

        o.reserved[i] = 1;
        assert_refused(give_trainer(&o), SEQECHO_ENOTSUP,
                       "trainer options: reserved is set, but this library knows only 0");
    }
    for (size_t i = 0; i < 5; i++) {
        seqecho_lstm_spec lstm = { .head = { sizeof lstm, SEQECHO_KIND_LSTM, 0 },
                                   .units = 2 };

        lstm.reserved[i] = 0x80;
        assert_refused(give_lstm(&lstm), SEQECHO_ENOTSUP,
                       "lstm: a reserved field is set, but this library knows only 0");
    }
    dense.reserved[2] = 1;
    assert_refused(give_lstm(&dense), SEQECHO_ENOTSUP,
                   "dense: a reserved field is set, but this library knows only 0");
    dense.reserved[2] = 0;
    dense.head.reserved = 5;
    assert_refused(give_lstm(&dense), SEQECHO_ENOTSUP,
                   "Dense: a reserved field is set, but this library knows only 0");
    assert_refused(give_inner_lstm(&activation), SEQECHO_ENOTSUP,
                   "time_distributed: activation: a reserved field is set, but this "
                   "library knows only 0");
    for (int how = 0; how < 4; how++)
        assert_refused(fit_with(SEQECHO_FIT(.reserved = { 1 }), how), SEQECHO_ENOTSUP,
                       "fit options: reserved is set, but this library knows only 0");
    assert_int_equal(give_dataset(SEQECHO_DATASET(.reserved = { 1 })), SEQECHO_ENOTSUP);
}

/* NULL, and an empty list, are all defaults. */
static void defaults(void **state)
{
    (void)state;
    assert_int_equal(give_graph(NULL), 0);
    assert_int_equal(give_graph(SEQECHO_GRAPH(.seed = 0)), 0);
    assert_int_equal(give_dataset(NULL), 0);
    assert_int_equal(give_trainer(NULL), 0);
    assert_int_equal(give_predictor(NULL), 0);
    for (int how = 0; how < 4; how++)
        assert_int_equal(fit_with(NULL, how), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(longer_with_nothing_in_it),
        cmocka_unit_test(longer_with_something_in_it),
        cmocka_unit_test(shorter),
        cmocka_unit_test(shorter_at_the_end_of_memory),
        cmocka_unit_test(shorter_specs),
        cmocka_unit_test(garbage),
        cmocka_unit_test(reserved_fields),
        cmocka_unit_test(defaults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
