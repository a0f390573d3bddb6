/* test_models.c - models and trainings on bad days, through the public functions: every
 * system call fails, the process is killed, the power fails.
 * SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <seqecho/seqecho.h>

#include "drill.h"

/* An old one and a new one of each, which differ in their weights. */
static seqecho_graph *graph[2];
static seqecho_trainer *trainer[2];

static seqecho_graph *make_graph(uint64_t seed)
{
    seqecho_graph *g = NULL;

    if (seqecho_graph_create(&g, SEQECHO_GRAPH(.seed = seed)) < 0)
        return NULL;
    seqecho_graph_add(g, SEQECHO_INPUT(.batch = 2, .dim = { 3, 4 }));
    seqecho_graph_add(g, SEQECHO_LSTM(.units = 3, .stateful = true));
    return g;
}

static int make(void **state)
{
    seqecho_graph *const other = make_graph(2);

    graph[0] = make_graph(1);
    graph[1] = make_graph(1);
    if (seqecho_graph_weights_copy(graph[1], other, NULL) < 0)
        return -1;
    seqecho_graph_destroy(other);
    for (int i = 0; i < 2; i++)
        if (seqecho_trainer_create(&trainer[i], graph[i],
                                   SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR)) < 0)
            return -1;
    return files_enter(state);
}

static int unmake(void **state)
{
    for (int i = 0; i < 2; i++) {
        seqecho_trainer_destroy(trainer[i]);
        seqecho_graph_destroy(graph[i]);
    }
    return files_leave(state);
}

static int save_graph(void *user, const char *path)
{
    return seqecho_graph_save(user, path);
}

static int save_trainer(void *user, const char *path)
{
    return seqecho_trainer_save(user, path);
}

static const drill *drills(void)
{
    static drill d[2];

    d[0] = (drill){ "graph_save", save_graph, graph[0], graph[1] };
    d[1] = (drill){ "trainer_save", save_trainer, trainer[0], trainer[1] };
    return d;
}

static void saving(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        const drill_count count = drill_errors(&drills()[i]);

        assert_in_range(count.tried, 300, 100000);
        assert_int_equal(count.survived, count.tried);
    }
}

static void killed_at_every_call(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        const drill_count count = drill_kills(&drills()[i]);

        assert_in_range(count.tried, 40, 100000);
        assert_int_equal(count.survived, count.tried);
    }
}

static void the_power_fails(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        const power_count count = drill_power(&drills()[i]);

        assert_true(count.states >= 1000);
        assert_int_equal(count.torn, 0);
        assert_int_equal(count.lost, 0);
    }
}

/* ---- Loading ------------------------------------------------------------------------ */

typedef int save_memory(void *object, void *buf, size_t size, size_t *length);

static int graph_memory(void *object, void *buf, size_t size, size_t *length)
{
    return seqecho_graph_save_memory(object, buf, size, length);
}

static int trainer_memory(void *object, void *buf, size_t size, size_t *length)
{
    return seqecho_trainer_save_memory(object, buf, size, length);
}

static files_bytes bytes_of(save_memory *save, void *object)
{
    files_bytes b = { NULL, 0, true };

    if (save(object, NULL, 0, &b.size) < 0 || (b.data = malloc(b.size)) == NULL ||
        save(object, b.data, b.size, &b.size) < 0)
        abort();
    return b;
}

static bool is_saved_as(save_memory *save, void *object, const files_bytes *want)
{
    files_bytes got = bytes_of(save, object);
    const bool same = got.size == want->size && memcmp(got.data, want->data, got.size) == 0;

    free(got.data);
    return same;
}

/* SEQECHO_OK only for the very graph; else there is none. */
static int load_graph(void *user, const char *path)
{
    seqecho_graph *loaded = NULL;
    const int err = seqecho_graph_load(&loaded, path, NULL);
    const bool right = err == 0 ? is_saved_as(graph_memory, loaded, user) : loaded == NULL;

    seqecho_graph_destroy(loaded);
    return right ? err : SEQECHO_EFORMAT;
}

/* The trainer becomes the saved one, or stays as it is. */
static int restore_trainer(void *user, const char *path)
{
    files_bytes before = bytes_of(trainer_memory, trainer[0]);
    const int err = seqecho_trainer_restore(trainer[0], path);
    const bool right = is_saved_as(trainer_memory, trainer[0], err == 0 ? user : &before);

    if (err == 0 &&
        seqecho_trainer_restore_memory(trainer[0], before.data, before.size) < 0)
        abort();
    free(before.data);
    return right ? err : SEQECHO_EFORMAT;
}

static void loading(void **state)
{
    files_bytes model = bytes_of(graph_memory, graph[1]);
    files_bytes training = bytes_of(trainer_memory, trainer[1]);
    const drill_count counts[] = {
        drill_reading("graph_load", load_graph, &model, &model),
        drill_reading("trainer_restore", restore_trainer, &training, &training),
    };

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_in_range(counts[i].tried, 20, 100000);
        assert_int_equal(counts[i].survived, counts[i].tried);
    }
    free(model.data);
    free(training.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saving),
        cmocka_unit_test(killed_at_every_call),
        cmocka_unit_test(the_power_fails),
        cmocka_unit_test(loading),
    };

    return cmocka_run_group_tests(tests, make, unmake);
}
