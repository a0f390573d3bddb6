/* test_models.c - model files: every layer with every option, buffers, locales, names,
 * sizes.
 * SPDX-License-Identifier: MIT */
#include "files.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>

#include "catalogue.h"
#include "refuse.h"

/* ---- Every layer -------------------------------------------------------------------- */

static seqecho_graph *graph_of(const seqecho_spec *spec, int64_t batch)
{
    seqecho_graph *graph;

    file_must(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 3)));
    seqecho_graph_add(graph, SEQECHO_INPUT(.batch = batch,
                                           .dim = { CATALOGUE_STEPS, CATALOGUE_FEATURES }));
    seqecho_graph_add(graph, spec);
    file_must(seqecho_graph_status(graph));
    return graph;
}

static seqecho_graph *load(file_bytes f)
{
    seqecho_graph *graph = NULL;

    file_must(seqecho_graph_load_memory(&graph, f.data, f.size, NULL));
    return graph;
}

static void assert_same_outputs(seqecho_graph *a, seqecho_graph *b)
{
    enum { BATCH = 2, OUT = 4096 };
    static float out[2][OUT];
    float values[BATCH * CATALOGUE_STEPS * CATALOGUE_FEATURES];
    const seqecho_view x = { values, { BATCH, CATALOGUE_STEPS, CATALOGUE_FEATURES }, 3, 0 };
    seqecho_graph *const graph[2] = { a, b };

    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        values[i] = (float)(i % 7) * 0.25F - 0.5F;
    memset(out, 0, sizeof out);
    for (int g = 0; g < 2; g++) {
        seqecho_predictor *predictor = NULL;
        size_t n = OUT;

        file_must(seqecho_predictor_create(&predictor, graph[g], NULL));
        /* How many numbers there are is found by trying. */
        while (n > 0 && seqecho_predictor_run(predictor, &x, out[g], n) == SEQECHO_ESHAPE)
            n--;
        assert_true(n > 0);
        seqecho_predictor_destroy(predictor);
    }
    assert_memory_equal(out[0], out[1], sizeof out[0]);
}

static void round_trip(const seqecho_spec *spec, int64_t batch)
{
    seqecho_graph *const graph = graph_of(spec, batch);
    const file_bytes before = file_of_graph(graph);
    seqecho_graph *const loaded = load(before);
    const file_bytes after = file_of_graph(loaded);
    char texts[2][4096];

    file_assert_same(before, after);
    assert_same_outputs(graph, loaded);
    seqecho_graph_summary(graph, texts[0], sizeof texts[0]);
    seqecho_graph_summary(loaded, texts[1], sizeof texts[1]);
    assert_string_equal(texts[0], texts[1]);
    seqecho_graph_destroy(graph);
    seqecho_graph_destroy(loaded);
    free(before.data);
    free(after.data);
}

static int entries;

static void check_entry(const catalogue_entry *entry)
{
    catalogue_copy copy;

    round_trip(entry->spec, 0);
    if ((entry->traits & CATALOGUE_RECURRENT) != 0) {
        round_trip(catalogue_with(&copy, entry->spec, true, false), 2);
        round_trip(catalogue_with(&copy, entry->spec, true, true), 2);
    }
    entries++;
}

static void every_layer(void **state)
{
    (void)state;
    entries = 0;
    catalogue_each(check_entry);
    assert_true(entries > 100);
    print_message("%d entries\n", entries);
}

/* ---- Numbers ------------------------------------------------------------------------ */

/* Numbers that text easily loses. */
static void numbers(void **state)
{
    static const float rates[] = {
        0.0F, 0.1F, 0.3F, 1.0F / 3.0F, 1e-30F, 1e-45F, 0.999999F
    };
    static const float values[] = { 0.0F, -0.0F, 1e38F, -1e-45F, NAN, -INFINITY, INFINITY };

    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        round_trip(SEQECHO_DROPOUT(rates[i]), 0);
        round_trip(SEQECHO_LSTM(.units = 2, .recurrent_dropout = rates[i]), 0);
    }
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        round_trip(SEQECHO_MASKING(values[i]), 0);
}

static void seeds(void **state)
{
    static const uint64_t values[] = { 0, 1, UINT64_MAX, UINT64_C(1) << 63 };

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        seqecho_graph *graph, *loaded;
        file_bytes before, after;

        file_must(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = values[i])));
        seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 2 }));
        before = file_of_graph(graph);
        loaded = load(before);
        after = file_of_graph(loaded);
        file_assert_same(before, after);
        seqecho_graph_destroy(graph);
        seqecho_graph_destroy(loaded);
        free(before.data);
        free(after.data);
    }
}

/* The same bytes in a locale whose decimal point is a comma, and the locale stays. */
static void locales(void **state)
{
    const seqecho_spec *const spec = SEQECHO_LSTM(.units = 2, .dropout = 0.375F);
    seqecho_graph *const graph = graph_of(spec, 0);
    const file_bytes plain = file_of_graph(graph);
    const bool there =
        setlocale(LC_ALL, "de_DE.UTF-8") != NULL || setlocale(LC_ALL, "de_DE.utf8") != NULL;

    (void)state;
    if (there) {
        const file_bytes german = file_of_graph(graph);
        seqecho_graph *const loaded = load(german);

        file_assert_same(plain, german);
        assert_string_equal(localeconv()->decimal_point, ",");
        seqecho_graph_destroy(loaded);
        free(german.data);
        setlocale(LC_ALL, "C");
    }
    free(plain.data);
    seqecho_graph_destroy(graph);
    if (!there)
        skip();
}

/* ---- Buffers ------------------------------------------------------------------------ */

static void buffers(void **state)
{
    seqecho_graph *const graph = graph_of(SEQECHO_DENSE(.units = 2), 0);
    size_t length = 0, again = 0;
    unsigned char *buf;
    char text[128];

    (void)state;
    file_must(seqecho_graph_save_memory(graph, NULL, 0, &length));
    buf = malloc(length + 8);
    assert_non_null(buf);
    memset(buf, 0x55, length + 8);
    file_must(seqecho_graph_save_memory(graph, buf, 0, &again));
    assert_int_equal(again, length);
    again = 0;
    (void)snprintf(text, sizeof text,
                   "graph_save_memory: the buffer has %zu bytes, expected %zu or more",
                   length - 1, length);
    assert_refused(seqecho_graph_save_memory(graph, buf, length - 1, &again),
                   SEQECHO_EINVAL, text);
    assert_int_equal(again, length);
    for (size_t i = 0; i < length + 8; i++)
        assert_int_equal(buf[i], 0x55);
    file_must(seqecho_graph_save_memory(graph, buf, length + 8, &again));
    assert_int_equal(again, length);
    for (size_t i = length; i < length + 8; i++)
        assert_int_equal(buf[i], 0x55);
    assert_refused(seqecho_graph_save_memory(graph, NULL, 1, &again), SEQECHO_EINVAL,
                   "graph_save_memory: buf is NULL, but its size is 1");
    assert_refused(seqecho_graph_save_memory(graph, buf, 1, NULL), SEQECHO_EINVAL,
                   "graph_save_memory: length is NULL");
    assert_refused(seqecho_graph_save_memory(NULL, buf, 1, &again), SEQECHO_EINVAL,
                   "graph_save_memory: graph is NULL");
    seqecho_graph_destroy(graph);
    free(buf);
}

/* Bytes need not be aligned. */
static void places(void **state)
{
    seqecho_graph *const graph = graph_of(SEQECHO_DENSE(.units = 2), 0);
    const file_bytes f = file_of_graph(graph);
    unsigned char *const room = malloc(f.size + 8);

    (void)state;
    assert_non_null(room);
    for (size_t shift = 0; shift < 8; shift++) {
        seqecho_graph *loaded;

        memcpy(room + shift, f.data, f.size);
        loaded = load((file_bytes){ room + shift, f.size });
        assert_same_outputs(graph, loaded);
        seqecho_graph_destroy(loaded);
    }
    seqecho_graph_destroy(graph);
    free(f.data);
    free(room);
}

static void arguments(void **state)
{
    seqecho_graph *const nobody = (seqecho_graph *)(void *)state;
    seqecho_graph *graph = nobody;

    assert_refused(seqecho_graph_load(NULL, "x", NULL), SEQECHO_EINVAL,
                   "graph_load: out is NULL");
    assert_refused(seqecho_graph_load_memory(NULL, "x", 1, NULL), SEQECHO_EINVAL,
                   "graph_load_memory: out is NULL");
    assert_refused(seqecho_graph_load_memory(&graph, NULL, 1, NULL), SEQECHO_EINVAL,
                   "graph_load_memory: bytes is NULL");
    assert_null(graph);
    assert_refused(seqecho_graph_save(NULL, "x"), SEQECHO_EINVAL,
                   "graph_save: graph is NULL");
    graph = nobody;
    assert_refused(seqecho_graph_load(&graph, NULL, NULL), SEQECHO_EINVAL,
                   "graph_load: path is NULL, expected that of a file");
    assert_null(graph);
    assert_refused(seqecho_graph_load(&graph, "", NULL), SEQECHO_EINVAL,
                   "graph_load: path is empty, expected that of a file");
    graph = nobody;
    assert_int_equal(seqecho_graph_load_memory(&graph, "", 0, NULL), SEQECHO_EFORMAT);
    assert_null(graph);
}

/* ---- Graphs that are not ready ------------------------------------------------------ */

static void unfinished(void **state)
{
    seqecho_graph *graph;
    size_t length;

    (void)state;
    file_must(seqecho_graph_create(&graph, NULL));
    assert_int_equal(seqecho_graph_save_memory(graph, NULL, 0, &length), SEQECHO_ESTATE);
    seqecho_graph_add(graph, SEQECHO_INPUT(.dim = { 2 }));
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = -1));
    assert_int_equal(seqecho_graph_save_memory(graph, NULL, 0, &length), SEQECHO_EINVAL);
    assert_int_equal(seqecho_graph_save(graph, "/tmp/never"), SEQECHO_EINVAL);
    seqecho_graph_destroy(graph);
}

static void names(void **state)
{
    seqecho_graph *graph = graph_of(SEQECHO_DENSE(.units = 2, .name = "d\xe9j\xe0"), 0);
    size_t length;

    (void)state;
    assert_refused(
        seqecho_graph_save_memory(graph, NULL, 0, &length), SEQECHO_ENOTSUP,
        "graph_save_memory: Dense: the name of a layer is not UTF-8, which files need");
    seqecho_graph_destroy(graph);
    round_trip(SEQECHO_DENSE(.units = 2, .name = "d\xc3\xa9j\xc3\xa0 \"vu\"\\\n\x01"), 0);
    round_trip(SEQECHO_DENSE(.units = 2, .name = "__metadata__"), 0);
    round_trip(SEQECHO_DENSE(.units = 2, .name = "trainer"), 0);
    round_trip(SEQECHO_DENSE(.units = 2, .name = "\xf0\x9f\x98\x80"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        catalogue_test(every_layer), cmocka_unit_test(numbers),    cmocka_unit_test(seeds),
        cmocka_unit_test(locales),   cmocka_unit_test(buffers),    cmocka_unit_test(places),
        cmocka_unit_test(arguments), cmocka_unit_test(unfinished), cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
