/* test_weights.c - weights alone, from files made elsewhere.
 * SPDX-License-Identifier: MIT */
#include "files.h"
#include "refuse.h"

#include <math.h>
#include <stdio.h>

enum { ROOM = 4096 };

/* A file put together by hand. */
typedef struct file {
    unsigned char bytes[ROOM];
    size_t size;
} file;

static file make(const char *header, const void *data, size_t size)
{
    const size_t n = strlen(header);
    file f = { { 0 }, 8 + n + size };

    assert_true(f.size <= ROOM);
    for (int i = 0; i < 8; i++)
        f.bytes[i] = (unsigned char)(n >> 8 * i);
    memcpy(f.bytes + 8, header, n);
    memcpy(f.bytes + 8 + n, data, size);
    return f;
}

/* Dense, 2 to 1: kernel (2, 1) and bias (1). */
static seqecho_graph *make_graph(void)
{
    seqecho_graph *graph;

    file_must(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 8)));
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 2 }));
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = 1));
    return graph;
}

static void get(seqecho_graph *graph, float values[3])
{
    file_must(seqecho_graph_weight_get(graph, "dense/kernel", values, 2));
    file_must(seqecho_graph_weight_get(graph, "dense/bias", values + 2, 1));
}

#define KERNEL(DTYPE, SHAPE, BEGIN, END) \
    "\"dense/kernel\":{\"dtype\":\"" DTYPE "\",\"shape\":" SHAPE \
    ",\"data_offsets\":[" BEGIN "," END "]}"
#define BIAS(DTYPE, SHAPE, BEGIN, END) \
    "\"dense/bias\":{\"dtype\":\"" DTYPE "\",\"shape\":" SHAPE ",\"data_offsets\":[" BEGIN \
    "," END "]}"

static void types(void **state)
{
    static const double d[] = { 0.5, -0.25, 2.0 };
    static const uint16_t half[] = { 0x3800, 0xb400, 0x4000 };
    static const uint16_t brain[] = { 0x3f00, 0xbe80, 0x4000 };
    const file files[] = {
        make("{" KERNEL("F32", "[2,1]", "0", "8") "," BIAS("F32", "[1]", "8", "12") "}",
             (const float[]){ 0.5f, -0.25f, 2.0f }, 12),
        make("{" KERNEL("F64", "[2,1]", "0", "16") "," BIAS("F64", "[1]", "16", "24") "}",
             d, 24),
        make("{" KERNEL("F16", "[2,1]", "0", "4") "," BIAS("F16", "[1]", "4", "6") "}",
             half, 6),
        make("{" KERNEL("BF16", "[2,1]", "0", "4") "," BIAS("BF16", "[1]", "4", "6") "}",
             brain, 6),
    };

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        seqecho_graph *const graph = make_graph();
        size_t loaded = 0;
        float w[3];

        file_must(seqecho_graph_load_weights_memory(graph, files[i].bytes, files[i].size,
                                                    NULL, &loaded));
        assert_int_equal(loaded, 2);
        get(graph, w);
        assert_true(w[0] == 0.5f && w[1] == -0.25f && w[2] == 2.0f);
        seqecho_graph_destroy(graph);
    }
}

static int load(seqecho_graph *graph, const char *header, const void *data, size_t size,
                const seqecho_weights_options *options)
{
    const file f = make(header, data, size);

    return seqecho_graph_load_weights_memory(graph, f.bytes, f.size, options, NULL);
}

/* Whatever is refused, the weights are as they were. */
static void refused(void **state)
{
    static const float data[] = { 1.0f, 2.0f, 3.0f };
    static const float wild[] = { 1.0f, 2.0f, INFINITY };
    seqecho_graph *const graph = make_graph();
    float before[3], after[3];

    (void)state;
    get(graph, before);
    assert_refused(
        load(graph, "{" KERNEL("F32", "[2,1]", "0", "8") "}", data, 8, NULL),
        SEQECHO_ENOTFOUND,
        "graph_load_weights_memory: the file has no array \"dense/bias\", expected F32 "
        "(1); it has 1 others");
    assert_refused(
        load(graph,
             "{" KERNEL("F32", "[1,2]", "0", "8") "," BIAS("F32", "[1]", "8", "12") "}",
             data, 12, NULL),
        SEQECHO_ESHAPE,
        "graph_load_weights_memory: \"dense/kernel\": expected F32 (2, 1), found "
        "F32 (1, 2)");
    assert_refused(
        load(graph,
             "{" KERNEL("F32", "[2,1]", "0", "8") "," BIAS("F32", "[1]", "8", "12") "}",
             wild, 12, NULL),
        SEQECHO_EFORMAT,
        "graph_load_weights_memory: \"dense/bias\": value 0 is infinite, or too "
        "large for a float");
    assert_refused(
        load(graph,
             "{" KERNEL("F32", "[2,1]", "0", "8") "," BIAS("I32", "[1]", "8", "12") "}",
             data, 12, NULL),
        SEQECHO_ENOTSUP,
        "graph_load_weights_memory: \"dense/bias\" holds no floats, expected "
        "F32, F64, F16 or BF16");
    get(graph, after);
    assert_memory_equal(before, after, sizeof before);
    seqecho_graph_destroy(graph);
}

static void options(void **state)
{
    static const float data[] = { 1.0f, 2.0f, 3.0f };
    static const char prefixed[] =
        "{\"net.dense/kernel\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]},"
        "\"net.dense/bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]},"
        "\"other\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[16,19]}}";
    seqecho_graph *const graph = make_graph();
    const file f = make(prefixed, (const float[]){ 1, 2, 3, 4, 5 }, 19);
    size_t loaded = 9;
    float before[3], after[3];
    char long_prefix[300];

    (void)state;
    get(graph, before);
    file_must(seqecho_graph_load_weights_memory(
        graph, f.bytes, f.size, SEQECHO_WEIGHTS(.prefix = "net.", .allow_missing = true),
        &loaded));
    get(graph, after);
    assert_int_equal(loaded, 1);
    assert_true(after[0] == 1.0f && after[1] == 2.0f && after[2] == before[2]);
    file_must(seqecho_graph_load_weights_memory(
        graph, f.bytes, f.size, SEQECHO_WEIGHTS(.allow_missing = true), &loaded));
    assert_int_equal(loaded, 0);
    assert_int_equal(load(graph, "{}", data, 0, SEQECHO_WEIGHTS(.reserved = { 1 })),
                     SEQECHO_ENOTSUP);
    memset(long_prefix, 'x', sizeof long_prefix - 1);
    long_prefix[sizeof long_prefix - 1] = '\0';
    assert_int_equal(load(graph, "{}", data, 0, SEQECHO_WEIGHTS(.prefix = long_prefix)),
                     SEQECHO_EINVAL);
    assert_int_equal(seqecho_graph_load_weights_memory(NULL, f.bytes, f.size, NULL, NULL),
                     SEQECHO_EINVAL);
    assert_int_equal(seqecho_graph_load_weights_memory(graph, NULL, 0, NULL, NULL),
                     SEQECHO_EINVAL);
    assert_int_equal(seqecho_graph_load_weights(NULL, "x", NULL, NULL), SEQECHO_EINVAL);
    assert_int_equal(seqecho_graph_load_weights(graph, "no/such/file", NULL, NULL),
                     SEQECHO_EIO);
    seqecho_graph_destroy(graph);
}

/* A model file, and a checkpoint, have weights like any other; each is loaded as what it
 * is. */
static void files_of_the_library(void **state)
{
    seqecho_graph *const from = make_graph(), *const to = make_graph(), *loaded;
    seqecho_trainer *trainer;
    file_bytes model, training;
    float want[3], got[3];

    (void)state;
    file_must(seqecho_trainer_create(&trainer, from,
                                     SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR)));
    file_must(seqecho_graph_weight_set(from, "dense/bias", &(const float){ 7.0f }, 1));
    get(from, want);
    model = file_of_graph(from);
    training = file_of_trainer(trainer);
    file_must(seqecho_graph_load_weights_memory(to, model.data, model.size, NULL, NULL));
    get(to, got);
    assert_memory_equal(want, got, sizeof want);
    file_must(
        seqecho_graph_load_weights_memory(to, training.data, training.size, NULL, NULL));
    file_must(seqecho_graph_load_memory(&loaded, training.data, training.size, NULL));
    get(loaded, got);
    assert_memory_equal(want, got, sizeof want);
    assert_refused(seqecho_trainer_restore_memory(trainer, model.data, model.size),
                   SEQECHO_EFORMAT,
                   "trainer_restore_memory: the file holds a model, but no training; is it "
                   "one for seqecho_graph_load()?");
    seqecho_graph_destroy(loaded);
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(from);
    seqecho_graph_destroy(to);
    free(model.data);
    free(training.data);
}

/* Weights alone describe no graph. */
static void no_graph(void **state)
{
    const file f = make("{}", "", 0);
    seqecho_graph *loaded;

    (void)state;
    assert_refused(seqecho_graph_load_memory(&loaded, f.bytes, f.size, NULL),
                   SEQECHO_EFORMAT,
                   "graph_load_memory: the file describes no graph; are these weights "
                   "alone, for seqecho_graph_load_weights()?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types),    cmocka_unit_test(refused),
        cmocka_unit_test(options),  cmocka_unit_test(files_of_the_library),
        cmocka_unit_test(no_graph),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
