/* test_attacks.c - each file of attacks/ is refused as list.txt says, by the function it is
 * made for, and by all others as documented; nothing has changed then, and no more memory
 * was taken than docs/file-format.md#limits allows.
 * SPDX-License-Identifier: MIT
 *
 * usage: test_attacks DIRECTORY */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

#include "../fuzz/json_alloc.h"

static const char *directory;
static bounded_alloc memory;
static seqecho_allocator hook;

enum { SAMPLES = 4 };

static const float samples[SAMPLES * 6] = { 1, 2, 3, 4, 0, -1, 0.5F };
static const float targets[SAMPLES] = { 1, 0, 1, 0 };

/* ---- The model of make_attacks.py --------------------------------------------------- */

static seqecho_graph *make_graph(void)
{
    seqecho_graph *graph;

    file_must(seqecho_graph_create(&graph, SEQECHO_GRAPH(.seed = 1, .allocator = &hook)));
    seqecho_graph_add(graph, SEQECHO_INPUT(.batch = 2, .dim = { 3, 2 }));
    seqecho_graph_add(graph, SEQECHO_LSTM(.units = 2, .stateful = true, .dropout = 0.25F));
    seqecho_graph_add(graph, SEQECHO_DENSE(.units = 1));
    file_must(seqecho_graph_status(graph));
    return graph;
}

static seqecho_trainer *make_trainer(seqecho_graph *graph)
{
    seqecho_trainer *trainer;

    file_must(seqecho_trainer_create(&trainer, graph,
                                     SEQECHO_TRAINER(.loss = SEQECHO_MEAN_SQUARED_ERROR,
                                                     .optimizer = SEQECHO_ADAM,
                                                     .threads = 1, .allocator = &hook)));
    return trainer;
}

static int fit(seqecho_trainer *trainer, bool resume)
{
    const seqecho_view x = { samples, { SAMPLES, 3, 2 }, 3, SEQECHO_FLOAT32 };
    const seqecho_view y = { targets, { SAMPLES, 1 }, 2, SEQECHO_FLOAT32 };

    return seqecho_trainer_fit(trainer, &x, &y,
                               SEQECHO_FIT(.epochs = 2, .batch_size = 2, .resume = resume,
                                           .reset_states = SEQECHO_RESET_NEVER),
                               NULL);
}

/* ---- One file, one function --------------------------------------------------------- */

/* What a call has taken at most, above what there was. */
typedef struct measured {
    int err;
    size_t peak;
} measured;

static void begin_call(size_t *own)
{
    memory.peak = *own = memory.live;
}

static measured end_call(int err, size_t own)
{
    if (err < 0 && seqecho_error_message()[0] == '\0')
        fail_msg("%s without a message", seqecho_error_name(err));
    return (measured){ err, memory.peak - own };
}

static measured load_model(file_bytes f)
{
    seqecho_graph *graph = NULL;
    size_t own;
    measured m;

    begin_call(&own);
    m = end_call(seqecho_graph_load_memory(&graph, f.data, f.size, &hook), own);
    assert_int_equal(m.err == SEQECHO_OK, graph != NULL);
    seqecho_graph_destroy(graph);
    return m;
}

static measured load_weights(file_bytes f)
{
    seqecho_graph *const graph = make_graph();
    const file_bytes before = file_of_graph(graph);
    file_bytes after;
    size_t own, loaded = 77;
    measured m;

    begin_call(&own);
    m = end_call(seqecho_graph_load_weights_memory(graph, f.data, f.size, NULL, &loaded),
                 own);
    after = file_of_graph(graph);
    if (m.err < 0) {
        file_assert_same(before, after);
        assert_int_equal(loaded, 77);
    } else {
        assert_int_equal(loaded, 5);
    }
    free(before.data);
    free(after.data);
    seqecho_graph_destroy(graph);
    return m;
}

/* The code of restoring, or of a fit that goes on. */
static measured restore(file_bytes f, bool resume)
{
    seqecho_graph *const graph = make_graph();
    seqecho_trainer *const trainer = make_trainer(graph);
    file_bytes before, after;
    size_t own;
    measured m;

    file_must(fit(trainer, false));
    before = file_of_trainer(trainer);
    begin_call(&own);
    m = end_call(seqecho_trainer_restore_memory(trainer, f.data, f.size), own);
    after = file_of_trainer(trainer);
    if (m.err < 0)
        file_assert_same(before, after);
    else if (resume)
        m.err = fit(trainer, true);
    free(before.data);
    free(after.data);
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
    return m;
}

static bool is_documented(int err)
{
    return err == SEQECHO_OK || err == SEQECHO_EFORMAT || err == SEQECHO_ENOTSUP ||
           err == SEQECHO_ESHAPE || err == SEQECHO_ENOTFOUND;
}

/* The largest share of what it might have taken that any file took. */
static double worst;
static char worst_file[64];
static int wrong; /* codes */

static void check(const char *name, file_bytes f, measured m, bool optimizer)
{
    const size_t limit = json_alloc_limit(f.data, f.size);

    if (!is_documented(m.err) && !(optimizer && m.err == SEQECHO_EINVAL))
        fail_msg("%s: %s", name, seqecho_error_name(m.err));
    if (m.peak > limit)
        fail_msg("%s: %zu bytes taken, %zu allowed", name, m.peak, limit);
    if ((double)m.peak / (double)limit > worst) {
        worst = (double)m.peak / (double)limit;
        (void)snprintf(worst_file, sizeof worst_file, "%s", name);
    }
}

static file_bytes read_file(const char *name)
{
    file_bytes f = { NULL, 0 };
    char path[1024];
    FILE *stream;
    struct stat found;

    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    assert_int_equal(stat(path, &found), 0);
    f.size = (size_t)found.st_size;
    f.data = malloc(f.size > 0 ? f.size : 1);
    stream = fopen(path, "rb");
    assert_non_null(stream);
    assert_int_equal(fread(f.data, 1, f.size, stream), f.size);
    (void)fclose(stream);
    return f;
}

static void run(const char *name, const char *function, const char *code)
{
    const file_bytes f = read_file(name);
    const measured model = load_model(f), weights = load_weights(f);
    const measured trainer = restore(f, false);
    const measured got = strcmp(function, "model") == 0     ? model
                         : strcmp(function, "weights") == 0 ? weights
                         : strcmp(function, "trainer") == 0 ? trainer
                                                            : restore(f, true);

    check(name, f, model, false);
    check(name, f, weights, false);
    check(name, f, trainer, true);
    if (strcmp(seqecho_error_name(got.err), code) != 0) {
        print_error("%s: %s, expected %s\n", name, seqecho_error_name(got.err), code);
        wrong++;
    }
    free(f.data);
}

static void all(void **state)
{
    char path[1024], name[64], function[16], code[32];
    FILE *list;
    int n = 0;

    (void)state;
    json_alloc_count(&memory);
    (void)snprintf(path, sizeof path, "%s/list.txt", directory);
    list = fopen(path, "r");
    assert_non_null(list);
    for (; fscanf(list, "%63s %15s %31s", name, function, code) == 3; n++)
        run(name, function, code);
    (void)fclose(list);
    assert_true(n > 60);
    assert_int_equal(memory.live, 0);
    assert_int_equal(wrong, 0);
    print_message("%d files, at most %.0f %% of the memory allowed: %s\n", n, 100 * worst,
                  worst_file);
}

/* ---- What is no file ---------------------------------------------------------------- */

static void refuse_path(const char *path)
{
    seqecho_graph *graph = make_graph(), *loaded = NULL;
    seqecho_trainer *const trainer = make_trainer(graph);

    assert_int_equal(seqecho_graph_load(&loaded, path, &hook), SEQECHO_EIO);
    assert_null(loaded);
    assert_non_null(strstr(seqecho_error_message(), path));
    assert_int_equal(seqecho_graph_load_weights(graph, path, NULL, NULL), SEQECHO_EIO);
    assert_int_equal(seqecho_trainer_restore(trainer, path), SEQECHO_EIO);
    seqecho_trainer_destroy(trainer);
    seqecho_graph_destroy(graph);
}

static void no_files(void **state)
{
    char fifo[64], link[64];
    seqecho_graph *graph = NULL;
    char path[1024];

    (void)state;
    json_alloc_count(&memory);
    (void)snprintf(fifo, sizeof fifo, "/tmp/seqecho-attacks-%ld-fifo", (long)getpid());
    (void)snprintf(link, sizeof link, "/tmp/seqecho-attacks-%ld-link", (long)getpid());
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(symlink(link, link), 0);
    refuse_path(fifo);
    refuse_path(link); /* to itself */
    refuse_path("/");
    refuse_path("/dev/zero");
    refuse_path("/dev/null");
    refuse_path("/nowhere/at/all");
    assert_int_equal(unlink(fifo), 0);
    assert_int_equal(unlink(link), 0);
    (void)snprintf(path, sizeof path, "%s/empty", directory);
    assert_int_equal(seqecho_graph_load(&graph, path, &hook), SEQECHO_EFORMAT);
    (void)snprintf(path, sizeof path, "%s/sound_model", directory);
    file_must(seqecho_graph_load(&graph, path, &hook));
    seqecho_graph_destroy(graph);
    assert_int_equal(memory.live, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all),
        cmocka_unit_test(no_files),
    };

    if (argc != 2)
        return 2;
    directory = argv[1];
    memory = (bounded_alloc){ .limit = SIZE_MAX / 2 };
    hook = bounded_alloc_hook(&memory);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
