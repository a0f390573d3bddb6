/* test_catalogue.c - every layer with every option, through a file and back.
 * SPDX-License-Identifier: MIT */
#include "catalogue.h"
#include "files.h"
#include "refuse.h"

#include <stdio.h>

enum { SAMPLES = 4, STEPS = CATALOGUE_STEPS, FEATURES = CATALOGUE_FEATURES };

static size_t count_of(const seqecho_view *shape)
{
    size_t n = 1;

    for (int32_t i = 1; i < shape->rank; i++)
        n *= (size_t)shape->dim[i];
    return n * SAMPLES;
}

/* A step of training with dropout at work: weights and output go into the file. */
static file_bytes trained(seqecho_graph *graph, const seqecho_view *y_shape)
{
    float x[SAMPLES * STEPS * FEATURES];
    const seqecho_view x_view = { x, { SAMPLES, STEPS, FEATURES }, 3, SEQECHO_FLOAT32 };
    seqecho_view y_view = *y_shape;
    const size_t n = count_of(y_shape);
    float *const y = calloc(n, sizeof *y);
    seqecho_trainer *trainer;
    file_bytes f;

    for (size_t i = 0; i < SAMPLES * STEPS * FEATURES; i++)
        x[i] = (float)((double)(i * 7 % 11) * 0.1 - 0.5);
    y_view.dim[0] = SAMPLES;
    y_view.data = y;
    file_must(seqecho_trainer_create(
        &trainer, graph,
        SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR, .seed = 4, .threads = 1)));
    file_must(seqecho_trainer_train_on_batch(trainer, &x_view, &y_view, NULL));
    f = file_of_trainer(trainer);
    seqecho_trainer_destroy(trainer);
    free(y);
    return f;
}

static void there_and_back(const catalogue_entry *entry)
{
    seqecho_graph *graph, *loaded;
    seqecho_node *in, *out;
    seqecho_view shape;
    file_bytes before, after;

    file_must(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 3)));
    in = seqecho_graph_input(graph,
                             SEQECHO_INPUT(.batch = SAMPLES, .dim = { STEPS, FEATURES }));
    out = seqecho_layer_call(seqecho_layer_create(graph, entry->spec), in);
    file_must(seqecho_graph_output(graph, out));
    file_must(seqecho_node_shape(out, &shape));
    before = file_of_graph(graph);
    file_must(seqecho_graph_load_memory(&loaded, before.data, before.size, NULL));
    after = file_of_graph(loaded);
    file_assert_same(before, after);
    free(before.data);
    free(after.data);
    before = trained(graph, &shape);
    after = trained(loaded, &shape);
    file_assert_same(before, after);
    free(before.data);
    free(after.data);
    seqecho_graph_destroy(graph);
    seqecho_graph_destroy(loaded);
}

static void every_layer(void **state)
{
    (void)state;
    catalogue_each(there_and_back);
}

/* ---- What cannot be in a file ------------------------------------------------------- */

static void names(void **state)
{
    static const char *const good[] = { "\xc3\xa9t\xc3\xa9", "a \"b\" \\", "\t\n", "." };
    seqecho_graph *graph, *loaded;
    file_bytes f;
    size_t size;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        file_must(seqecho_graph_create(&graph, NULL));
        seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 3 }));
        seqecho_graph_add(graph, SEQECHO_DENSE(.name = good[i], .units = 2));
        f = file_of_graph(graph);
        file_must(seqecho_graph_load_memory(&loaded, f.data, f.size, NULL));
        assert_string_equal(seqecho_graph_weight_name(loaded, 0),
                            seqecho_graph_weight_name(graph, 0));
        seqecho_graph_destroy(graph);
        seqecho_graph_destroy(loaded);
        free(f.data);
    }
    file_must(seqecho_graph_create(&graph, NULL));
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 3 }));
    seqecho_graph_add(graph, SEQECHO_DENSE(.name = "caf\xe9", .units = 2));
    assert_refused(seqecho_graph_save_memory(graph, NULL, 0, &size), SEQECHO_ENOTSUP,
                   "graph_save_memory: Dense: the name of a layer is not UTF-8, which "
                   "files need");
    seqecho_graph_destroy(graph);
}

static void too_many_layers(void **state)
{
    seqecho_graph *graph, *loaded;
    file_bytes f;
    size_t size;

    (void)state;
    for (int more = 0; more <= 1; more++) {
        file_must(seqecho_graph_create(&graph, NULL));
        seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 3 }));
        for (int i = 1; i < 4096 + more; i++)
            seqecho_graph_add(graph, SEQECHO_FLATTEN);
        if (more == 0) {
            f = file_of_graph(graph);
            file_must(seqecho_graph_load_memory(&loaded, f.data, f.size, NULL));
            seqecho_graph_destroy(loaded);
            free(f.data);
        } else {
            assert_refused(seqecho_graph_save_memory(graph, NULL, 0, &size),
                           SEQECHO_ENOTSUP,
                           "graph_save_memory: the graph has 4097 layers and 4097 calls, "
                           "expected at most 4096 and 4096");
        }
        seqecho_graph_destroy(graph);
    }
}

static void too_many_layers_inside(void **state)
{
    const seqecho_spec *const flatten = SEQECHO_FLATTEN;
    seqecho_graph *graph;
    size_t size;

    (void)state;
    for (int more = 0; more <= 1; more++) {
        file_must(seqecho_graph_create(&graph, NULL));
        seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 3 }));
        for (int i = 0; i < 4095 / 3; i++)
            seqecho_graph_add(graph, SEQECHO_SEQUENTIAL(flatten, flatten));
        if (more == 1)
            seqecho_graph_add(graph, flatten);
        if (more == 0)
            file_must(seqecho_graph_save_memory(graph, NULL, 0, &size));
        else
            assert_refused(seqecho_graph_save_memory(graph, NULL, 0, &size),
                           SEQECHO_ENOTSUP,
                           "graph_save_memory: the graph has 4097 layers and 1367 calls, "
                           "expected at most 4096 and 4096");
        seqecho_graph_destroy(graph);
    }
}

static void arguments(void **state)
{
    seqecho_graph *graph, *loaded = (seqecho_graph *)1;
    unsigned char bytes[8] = { 0 };
    size_t size = 0;

    (void)state;
    assert_int_equal(seqecho_graph_save_memory(NULL, NULL, 0, &size), SEQECHO_EINVAL);
    assert_int_equal(seqecho_graph_save(NULL, "x"), SEQECHO_EINVAL);
    assert_int_equal(seqecho_graph_load(NULL, "x", NULL), SEQECHO_EINVAL);
    assert_int_equal(seqecho_graph_load_memory(NULL, bytes, 8, NULL), SEQECHO_EINVAL);
    assert_int_equal(seqecho_graph_load_memory(&loaded, NULL, 8, NULL), SEQECHO_EINVAL);
    assert_null(loaded);
    loaded = (seqecho_graph *)1;
    assert_refused(seqecho_graph_load(&loaded, "no/such/file", NULL), SEQECHO_EIO,
                   "graph_load: cannot open \"no/such/file\": No such file or directory");
    assert_null(loaded);
    file_must(seqecho_graph_create(&graph, NULL));
    assert_refused(seqecho_graph_save_memory(graph, bytes, 8, &size), SEQECHO_ESTATE,
                   "graph: it has no layers; begin with SEQECHO_INPUT(...)");
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 3 }));
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = 2));
    assert_int_equal(seqecho_graph_save_memory(graph, bytes, 8, NULL), SEQECHO_EINVAL);
    assert_int_equal(seqecho_graph_save_memory(graph, bytes, 8, &size), SEQECHO_EINVAL);
    assert_int_equal(seqecho_graph_save(graph, NULL), SEQECHO_EINVAL);
    assert_refused(
        seqecho_graph_save(graph, "no/such/directory/file"), SEQECHO_EIO,
        "graph_save: cannot open the directory of \"no/such/directory/file\": No "
        "such file or directory");
    seqecho_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        catalogue_test(every_layer),       cmocka_unit_test(names),
        cmocka_unit_test(too_many_layers), cmocka_unit_test(too_many_layers_inside),
        cmocka_unit_test(arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
