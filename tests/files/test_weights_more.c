/* test_weights_more.c - weights made elsewhere: types, prefixes, what may be missing, and
 * that nothing changes where something is wrong.
 * SPDX-License-Identifier: MIT */
#include "files.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "counting_alloc.h"
#include "refuse.h"

/* ---- Files by hand ------------------------------------------------------------------ */

/* An array of a file; its values are in `data`, as they lie there. */
typedef struct array {
    const char *name, *dtype, *shape;
    const void *data;
    size_t size;
} array;

static file_bytes make_file(const array *arrays, size_t n, const char *prefix)
{
    char header[4096] = "{";
    size_t length = 1, data = 0;
    file_bytes f;
    unsigned char *at;

    for (size_t i = 0; i < n; i++) {
        length +=
            (size_t)snprintf(header + length, sizeof header - length,
                             "%s\"%s%s\":{\"dtype\":\"%s\",\"shape\":[%s],"
                             "\"data_offsets\":[%zu,%zu]}",
                             i > 0 ? "," : "", prefix, arrays[i].name, arrays[i].dtype,
                             arrays[i].shape, data, data + arrays[i].size);
        data += arrays[i].size;
    }
    header[length++] = '}';
    f = (file_bytes){ malloc(8 + length + data), 8 + length + data };
    assert_non_null(f.data);
    for (size_t i = 0; i < 8; i++)
        f.data[i] = (unsigned char)(length >> 8 * i);
    memcpy(f.data + 8, header, length);
    at = f.data + 8 + length;
    for (size_t i = 0; i < n; i++) {
        memcpy(at, arrays[i].data, arrays[i].size);
        at += arrays[i].size;
    }
    return f;
}

static const float kernel[] = { 1.0F, -2.0F, 0.5F, 0.25F, -0.0F, 3.0F };
static const float bias[] = { 8.0F, -0.125F };
static const array plain[] = {
    { "a/kernel", "F32", "3,2", kernel, sizeof kernel },
    { "a/bias", "F32", "2", bias, sizeof bias },
    { "b/kernel", "F32", "2,1", bias, sizeof bias },
    { "b/bias", "F32", "1", kernel, sizeof *kernel },
};
enum { ARRAYS = sizeof plain / sizeof *plain };

static seqecho_graph *make_graph(const seqecho_allocator *hook)
{
    seqecho_graph *graph;

    file_must(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 4, .allocator = hook)));
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 3 }));
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = 2, .name = "a"));
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = 1, .name = "b"));
    file_must(seqecho_graph_status(graph));
    return graph;
}

static int load(seqecho_graph *graph, file_bytes f, const seqecho_weights_options *options,
                size_t *loaded)
{
    return seqecho_graph_load_weights_memory(graph, f.data, f.size, options, loaded);
}

static void assert_values(seqecho_graph *graph, const char *name, const float *values,
                          size_t n)
{
    float got[8];

    file_must(seqecho_graph_weight_get(graph, name, got, n));
    assert_memory_equal(got, values, n * sizeof *got);
}

/* Loading is refused, and the graph has the weights it had. */
static void refused(file_bytes f, const seqecho_weights_options *options, int code,
                    const char *message)
{
    seqecho_graph *const graph = make_graph(NULL);
    const file_bytes before = file_of_graph(graph);
    file_bytes after;
    size_t loaded = 77;

    assert_refused(load(graph, f, options, &loaded), code, message);
    assert_int_equal(loaded, 77);
    after = file_of_graph(graph);
    file_assert_same(before, after);
    seqecho_graph_destroy(graph);
    free(before.data);
    free(after.data);
    free(f.data);
}

/* ---- What is loaded ----------------------------------------------------------------- */

static void all_of_them(void **state)
{
    seqecho_graph *const graph = make_graph(NULL);
    const file_bytes f = make_file(plain, ARRAYS, "");
    size_t loaded = 0;

    (void)state;
    file_must(load(graph, f, NULL, &loaded));
    assert_int_equal(loaded, 4);
    assert_values(graph, "a/kernel", kernel, 6);
    assert_values(graph, "a/bias", bias, 2);
    assert_values(graph, "b/kernel", bias, 2);
    assert_values(graph, "b/bias", kernel, 1);
    file_must(load(graph, f, NULL, NULL));
    /* Building has ended. */
    assert_null(seqecho_graph_add(graph, SEQECHO_DENSE(.units = 1)));
    seqecho_graph_destroy(graph);
    free(f.data);
}

/* The same numbers in every type, exactly. */
static void types(void **state)
{
    static const double wide[] = { 1.0, -2.0, 0.5, 0.25, -0.0, 3.0 };
    static const uint16_t half[] = { 0x3c00, 0xc000, 0x3800, 0x3400, 0x8000, 0x4200 };
    static const uint16_t brain[] = { 0x3f80, 0xc000, 0x3f00, 0x3e80, 0x8000, 0x4040 };
    static const array kernels[] = {
        { "a/kernel", "F64", "3,2", wide, sizeof wide },
        { "a/kernel", "F16", "3,2", half, sizeof half },
        { "a/kernel", "BF16", "3,2", brain, sizeof brain },
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        seqecho_graph *const graph = make_graph(NULL);
        array arrays[ARRAYS];
        file_bytes f;

        memcpy(arrays, plain, sizeof arrays);
        arrays[0] = kernels[i];
        f = make_file(arrays, ARRAYS, "");
        file_must(load(graph, f, NULL, NULL));
        assert_values(graph, "a/kernel", kernel, 6);
        seqecho_graph_destroy(graph);
        free(f.data);
    }
}

static void more_arrays(void **state)
{
    static const array arrays[] = {
        { "c/kernel", "I64", "1", "12345678", 8 },
        { "a/kernel", "F32", "3,2", kernel, sizeof kernel },
        { "flags", "BOOL", "1,1,1,1,1,3", "123", 3 },
        { "a/bias", "F32", "2", bias, sizeof bias },
        { "b/kernel", "F32", "2,1", bias, sizeof bias },
        { "nothing", "F32", "0", "", 0 },
        { "b/bias", "F32", "1", kernel, sizeof *kernel },
    };
    seqecho_graph *const graph = make_graph(NULL);
    const file_bytes f = make_file(arrays, sizeof arrays / sizeof *arrays, "");
    size_t loaded = 0;

    (void)state;
    file_must(load(graph, f, NULL, &loaded));
    assert_int_equal(loaded, 4);
    assert_values(graph, "a/kernel", kernel, 6);
    seqecho_graph_destroy(graph);
    free(f.data);
}

/* ---- Options ------------------------------------------------------------------------ */

static void prefixes(void **state)
{
    seqecho_graph *const graph = make_graph(NULL);
    const file_bytes f = make_file(plain, ARRAYS, "model.layers.");
    char longest[258];
    size_t loaded = 0;

    (void)state;
    file_must(load(graph, f, SEQECHO_WEIGHTS(.prefix = "model.layers."), &loaded));
    assert_int_equal(loaded, 4);
    assert_values(graph, "a/kernel", kernel, 6);
    assert_refused(
        load(graph, f, NULL, NULL), SEQECHO_ENOTFOUND,
        "graph_load_weights_memory: the file has no array \"a/kernel\", expected "
        "F32 (3, 2); it has 4 others");
    assert_int_equal(load(graph, f, SEQECHO_WEIGHTS(.prefix = ""), NULL),
                     SEQECHO_ENOTFOUND);
    memset(longest, 'x', sizeof longest);
    longest[256] = '\0';
    assert_int_equal(load(graph, f, SEQECHO_WEIGHTS(.prefix = longest), NULL),
                     SEQECHO_ENOTFOUND);
    longest[256] = 'x';
    longest[257] = '\0';
    assert_refused(load(graph, f, SEQECHO_WEIGHTS(.prefix = longest), NULL), SEQECHO_EINVAL,
                   "weights options: prefix has more than 256 characters");
    seqecho_graph_destroy(graph);
    free(f.data);
}

static void messages_with_a_prefix(void **state)
{
    static const float bad[] = { 1.0F, NAN };
    array arrays[ARRAYS];

    (void)state;
    memcpy(arrays, plain, sizeof arrays);
    arrays[1].data = bad;
    refused(make_file(arrays, ARRAYS, "m."), SEQECHO_WEIGHTS(.prefix = "m."),
            SEQECHO_EFORMAT, "graph_load_weights_memory: \"m.a/bias\": value 1 is NaN");
    arrays[1].dtype = "I32";
    refused(make_file(arrays, ARRAYS, "m."), SEQECHO_WEIGHTS(.prefix = "m."),
            SEQECHO_ENOTSUP,
            "graph_load_weights_memory: \"m.a/bias\" holds no floats, expected F32, F64, "
            "F16 or BF16");
}

/* What the file has not, or has in another shape, stays: also where the weights are only
 * made now. */
static void missing_ones(void **state)
{
    array arrays[ARRAYS];
    seqecho_graph *const fresh = make_graph(NULL), *const graph = make_graph(NULL);
    float initial[6];
    file_bytes f;
    size_t loaded = 0;

    (void)state;
    memcpy(arrays, plain, sizeof arrays);
    arrays[0].shape = "2,3";
    f = make_file(arrays, 2, "");
    file_must(seqecho_graph_weight_get(fresh, "a/kernel", initial, 6));
    file_must(load(graph, f, SEQECHO_WEIGHTS(.allow_missing = true), &loaded));
    assert_int_equal(loaded, 1);
    assert_values(graph, "a/kernel", initial, 6);
    assert_values(graph, "a/bias", bias, 2);
    free(f.data);
    f = make_file(arrays, 0, "");
    file_must(load(graph, f, SEQECHO_WEIGHTS(.allow_missing = true), &loaded));
    assert_int_equal(loaded, 0);
    assert_values(graph, "a/bias", bias, 2);
    seqecho_graph_destroy(fresh);
    seqecho_graph_destroy(graph);
    free(f.data);
}

static void other_options(void **state)
{
    seqecho_graph *const graph = make_graph(NULL);
    const file_bytes f = make_file(plain, ARRAYS, "");

    (void)state;
    assert_refused(load(graph, f, SEQECHO_WEIGHTS(.reserved = { 1 }), NULL),
                   SEQECHO_ENOTSUP,
                   "weights options: reserved is set, but this library knows only 0");
    assert_refused(seqecho_graph_load_weights_memory(graph, NULL, 8, NULL, NULL),
                   SEQECHO_EINVAL, "graph_load_weights_memory: bytes is NULL");
    assert_refused(seqecho_graph_load_weights_memory(NULL, f.data, f.size, NULL, NULL),
                   SEQECHO_EINVAL, "graph_load_weights_memory: graph is NULL");
    assert_refused(seqecho_graph_load_weights(NULL, "x", NULL, NULL), SEQECHO_EINVAL,
                   "graph_load_weights: graph is NULL");
    assert_refused(seqecho_graph_load_weights(graph, NULL, NULL, NULL), SEQECHO_EINVAL,
                   "graph_load_weights: path is NULL, expected that of a file");
    /* Building goes on after all these. */
    assert_non_null(seqecho_graph_add(graph, SEQECHO_DENSE(.units = 1)));
    seqecho_graph_destroy(graph);
    free(f.data);
}

/* ---- Refusals ----------------------------------------------------------------------- */

/* The last array is wrong: none of those before it is set. */
static void refusals(void **state)
{
    static const double large[] = { 1e39 }, nan[] = { (double)NAN };
    static const float inf[] = { -INFINITY };
    static const struct {
        array last;
        int code;
        const char *message;
    } wrong[] = {
        { { "b/bias", "F32", "1", inf, sizeof inf },
          SEQECHO_EFORMAT,
          "\"b/bias\": value 0 is infinite, or too large for a float" },
        { { "b/bias", "F64", "1", large, sizeof large },
          SEQECHO_EFORMAT,
          "\"b/bias\": value 0 is infinite, or too large for a float" },
        { { "b/bias", "F64", "1", nan, sizeof nan },
          SEQECHO_EFORMAT,
          "\"b/bias\": value 0 is NaN" },
        { { "b/bias", "F16", "1", "\xff\xff", 2 },
          SEQECHO_EFORMAT,
          "\"b/bias\": value 0 is NaN" },
        { { "b/bias", "I64", "1", "12345678", 8 },
          SEQECHO_ENOTSUP,
          "\"b/bias\" holds no floats, expected F32, F64, F16 or BF16" },
        { { "b/bias", "F32", "1,1", bias, 4 },
          SEQECHO_ESHAPE,
          "\"b/bias\": expected F32 (1), found F32 (1, 1)" },
        { { "b/bias", "F32", "2", bias, 8 },
          SEQECHO_ESHAPE,
          "\"b/bias\": expected F32 (1), found F32 (2)" },
        { { "b/bios", "F32", "1", bias, 4 },
          SEQECHO_ENOTFOUND,
          "the file has no array \"b/bias\", expected F32 (1); it has 4 others" },
        { { "b/bias", "F32", "3", bias, 4 },
          SEQECHO_EFORMAT,
          "array \"b/bias\": its shape needs 12 bytes, but data_offsets give it 4" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        array arrays[ARRAYS];
        char message[256];

        memcpy(arrays, plain, sizeof arrays);
        arrays[ARRAYS - 1] = wrong[i].last;
        (void)snprintf(message, sizeof message, "graph_load_weights_memory: %s",
                       wrong[i].message);
        refused(make_file(arrays, ARRAYS, ""), NULL, wrong[i].code, message);
    }
}

/* A graph with an error keeps it; one whose weights are not made yet is not built. */
static void graphs_that_are_not_ready(void **state)
{
    const file_bytes f = make_file(plain, ARRAYS, "");
    seqecho_graph *graph;

    (void)state;
    file_must(seqecho_graph_create(&graph, NULL));
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = 1));
    assert_int_equal(load(graph, f, NULL, NULL), seqecho_graph_status(graph));
    assert_int_equal(load(graph, f, NULL, NULL), SEQECHO_EINVAL);
    assert_int_equal(seqecho_graph_load_weights(graph, "x", NULL, NULL), SEQECHO_EINVAL);
    seqecho_graph_destroy(graph);
    file_must(seqecho_graph_create(&graph, NULL));
    assert_int_equal(load(graph, f, NULL, NULL), SEQECHO_ESTATE);
    seqecho_graph_destroy(graph);
    free(f.data);
}

/* Each allocation fails once. */
static void without_memory(void **state)
{
    const file_bytes f = make_file(plain, ARRAYS, "");
    int64_t failed = 0;

    (void)state;
    for (int64_t extra = 1;; extra++, failed++) {
        counting_alloc memory = { .fail_at = 0 };
        const seqecho_allocator hook = counting_alloc_hook(&memory);
        seqecho_graph *const graph = make_graph(&hook);
        size_t loaded = 77;
        int err;

        memory.fail_at = memory.calls + extra;
        err = load(graph, f, NULL, &loaded);
        memory.fail_at = 0;
        if (err < 0) {
            assert_int_equal(err, SEQECHO_ENOMEM);
            assert_int_equal(loaded, 77);
            file_must(load(graph, f, NULL, &loaded));
        }
        assert_values(graph, "a/kernel", kernel, 6);
        seqecho_graph_destroy(graph);
        assert_int_equal(memory.live, 0);
        if (err == SEQECHO_OK)
            break;
    }
    assert_true(failed > 0);
    free(f.data);
}

/* ---- Models and checkpoints --------------------------------------------------------- */

/* A checkpoint is a model, and either is weights. */
static void checkpoints(void **state)
{
    static const float x[] = { 1, 2, 3 }, y[] = { 1 };
    const seqecho_view vx = { x, { 1, 3 }, 2, 0 }, vy = { y, { 1, 1 }, 2, 0 };
    seqecho_graph *const graph = make_graph(NULL), *const other = make_graph(NULL);
    seqecho_graph *loaded = NULL;
    seqecho_trainer *trainer;
    file_bytes model, checkpoint, again;
    size_t count = 0;

    (void)state;
    file_must(seqecho_trainer_create(&trainer, graph,
                                     SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR)));
    file_must(seqecho_trainer_fit(trainer, &vx, &vy, SEQECHO_FIT(.epochs = 3), NULL));
    checkpoint = file_of_trainer(trainer);
    model = file_of_graph(graph);
    file_must(seqecho_graph_load_memory(&loaded, checkpoint.data, checkpoint.size, NULL));
    again = file_of_graph(loaded);
    file_assert_same(model, again);
    free(again.data);
    file_must(load(other, checkpoint, NULL, &count));
    assert_int_equal(count, 4);
    again = file_of_graph(other);
    file_assert_same(model, again);
    free(again.data);
    /* The moments have the names of weights, behind a prefix. */
    file_must(load(other, checkpoint, SEQECHO_WEIGHTS(.prefix = "trainer/optimizer/mean/"),
                   &count));
    assert_int_equal(count, 4);
    assert_refused(seqecho_trainer_restore_memory(trainer, model.data, model.size),
                   SEQECHO_EFORMAT,
                   "trainer_restore_memory: the file holds a model, but no training; is it "
                   "one for seqecho_graph_load()?");
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
    seqecho_graph_destroy(other);
    seqecho_graph_destroy(loaded);
    free(model.data);
    free(checkpoint.data);
}

/* Files hold what buffers get, and are loaded alike. */
static void paths(void **state)
{
    seqecho_graph *const graph = make_graph(NULL), *const other = make_graph(NULL);
    seqecho_graph *loaded = NULL;
    const file_bytes f = make_file(plain, ARRAYS, "");
    file_bytes memory, again;
    unsigned char *bytes;
    char path[64];
    size_t count = 0;
    FILE *stream;

    (void)state;
    (void)snprintf(path, sizeof path, "/tmp/seqecho-weights-%ld", (long)getpid());
    file_must(load(graph, f, NULL, NULL));
    memory = file_of_graph(graph);
    file_must(seqecho_graph_save(graph, path));
    bytes = malloc(memory.size + 1);
    assert_non_null(bytes);
    stream = fopen(path, "rb");
    assert_non_null(stream);
    assert_int_equal(fread(bytes, 1, memory.size + 1, stream), memory.size);
    (void)fclose(stream);
    assert_memory_equal(bytes, memory.data, memory.size);
    file_must(seqecho_graph_load(&loaded, path, NULL));
    file_must(seqecho_graph_load_weights(other, path, NULL, &count));
    assert_int_equal(count, 4);
    assert_int_equal(unlink(path), 0);
    again = file_of_graph(loaded);
    file_assert_same(memory, again);
    free(again.data);
    again = file_of_graph(other);
    file_assert_same(memory, again);
    free(again.data);
    seqecho_graph_destroy(graph);
    seqecho_graph_destroy(other);
    seqecho_graph_destroy(loaded);
    free(bytes);
    free(memory.data);
    free(f.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_them),
        cmocka_unit_test(types),
        cmocka_unit_test(more_arrays),
        cmocka_unit_test(prefixes),
        cmocka_unit_test(messages_with_a_prefix),
        cmocka_unit_test(missing_ones),
        cmocka_unit_test(other_options),
        cmocka_unit_test(refusals),
        cmocka_unit_test(graphs_that_are_not_ready),
        cmocka_unit_test(without_memory),
        cmocka_unit_test(checkpoints),
        cmocka_unit_test(paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
